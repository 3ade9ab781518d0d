#pragma once

#include <cstdint>

#include "tenon/kernels/dims.hpp"

/// Connectionist temporal classification: minus the logarithm of the probability that the symbols
/// of all steps, once repetitions are merged and blanks dropped, are the target.
///   loss[n] = -log sum over such paths c of prod_t p[t, n, c_t]
/// An extended target is the target with a blank before, between and behind its labels: 2 S + 1
/// states, of which a path goes through one a step, to the same, the next, or from a label to a
/// different next one.
/// Source: Graves et al., "Connectionist temporal classification: labelling unsegmented sequence
/// data with recurrent neural networks", ICML 2006, sections 4.1 and 4.2.
namespace tenon::kernels {

/// log_p, dlog_p (T, N, C), contiguous   losses, dlosses (N), contiguous
struct CtcDims {
  Index t, n, c;
  Index blank;
  Index states;  ///< 2 S + 1 of the longest target
};

/// Of sample n, steps[n] of T are real and labels[n] labels begin at targets + starts[n].
struct CtcTargets {
  const std::int64_t* targets;
  const std::int64_t* starts;
  const std::int64_t* labels;
  const std::int64_t* steps;
};

/// losses, infinite where no path gives the target (or the probability is 0), and the logarithms
/// log_alpha (N, T, states) of the probabilities of all beginnings of paths, each step included.
/// They are sums of many numbers, so that they are in double whatever T is. What lies behind a
/// sample's steps and states is not written. Parallel over samples.
template <class T>
TENON_API void ctc_loss_forward(const CtcDims& dims, const CtcTargets& of, const T* log_p,
                                double* log_alpha, T* losses);

/// dlog_p[t,n,c] = -dlosses[n] times the probability, given the target, that step t has symbol c:
/// the derivative as it is, without a share of the softmax in front. 0 behind a sample's steps; NaN
/// in those of a sample with an infinite loss, or 0 with zero_infinity. Parallel over samples,
/// which own disjoint rows of dlog_p.
template <class T>
TENON_API void ctc_loss_backward(const CtcDims& dims, const CtcTargets& of, const T* log_p,
                                 const double* log_alpha, const T* dlosses, bool zero_infinity,
                                 T* dlog_p);

}  // namespace tenon::kernels
