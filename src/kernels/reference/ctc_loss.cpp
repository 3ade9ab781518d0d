#include "tenon/kernels/ctc_loss.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"
#include "tenon/base/parallel.hpp"

namespace tenon::kernels {
namespace {

constexpr double impossible = -std::numeric_limits<double>::infinity();

double exp_or_0(double x) { return x == impossible ? 0 : std::exp(x); }

/// log(e^a + e^b + e^c). The largest is taken out, so that nothing overflows.
double log_add(double a, double b, double c) {
  if (a < b) std::swap(a, b);
  if (a < c) std::swap(a, c);
  if (b == impossible && c == impossible) return a;
  return a + std::log(1 + exp_or_0(b - a) + exp_or_0(c - a));
}

/// One sample: its extended target and its logarithms.
template <class T>
class Sample {
 public:
  Sample(const CtcDims& dims, const CtcTargets& of, const T* log_p, Index n)
      : dims_(dims),
        target_(of.targets + of.starts[n]),
        log_p_(log_p + n * dims.c),
        states(2 * of.labels[n] + 1),
        steps(of.steps[n]) {}

  Index symbol(Index state) const { return state % 2 == 0 ? dims_.blank : target_[state / 2]; }
  double log_p(Index t, Index state) const {
    return static_cast<double>(log_p_[t * dims_.n * dims_.c + symbol(state)]);
  }
  /// Whether a path may go from the label two states before to this one, past the blank between.
  bool may_skip_to(Index state) const {
    return state % 2 == 1 && state >= 3 && symbol(state) != symbol(state - 2);
  }
  /// The states from which the end can still be reached, and those reached from the start, lie in
  /// [first, last): the others are impossible.
  Index first_state(Index t) const { return std::max<Index>(0, states - 2 * (steps - t)); }
  Index last_state(Index t) const { return std::min(states, 2 * (t + 1)); }

 private:
  const CtcDims& dims_;
  const std::int64_t* target_;
  const T* log_p_;

 public:
  const Index states, steps;
};

/// The logarithm of the probability of the target; log_alpha (T, states) of this sample.
template <class T>
double run_forward(const CtcDims& dims, const Sample<T>& sample, double* log_alpha) {
  if (sample.steps == 0) return sample.states == 1 ? 0 : impossible;
  for (Index t = 0; t < sample.steps; ++t) {
    double* const now = log_alpha + t * dims.states;
    const double* const before = now - dims.states;
    std::fill_n(now, sample.states, impossible);
    for (Index s = sample.first_state(t); s < sample.last_state(t); ++s) {
      double arrived = 0;  // the first step begins at the first blank or the first label
      if (t > 0) {
        arrived = log_add(before[s], s >= 1 ? before[s - 1] : impossible,
                          sample.may_skip_to(s) ? before[s - 2] : impossible);
      }
      now[s] = arrived + sample.log_p(t, s);
    }
  }
  const double* const last = log_alpha + (sample.steps - 1) * dims.states + sample.states - 1;
  return log_add(last[0], sample.states > 1 ? last[-1] : impossible, impossible);
}

/// log_beta[s] at step t from that of the step behind: the logarithm of the probability of the rest
/// of a path, step t itself excluded.
template <class T>
void step_back(const Sample<T>& sample, Index t, const double* behind, double* now) {
  const auto rest = [&](Index s) {
    return s < sample.states ? behind[s] + sample.log_p(t + 1, s) : impossible;
  };
  std::fill_n(now, sample.states, impossible);
  for (Index s = sample.first_state(t); s < sample.last_state(t); ++s) {
    const bool skips = s + 2 < sample.states && sample.may_skip_to(s + 2);
    now[s] = log_add(rest(s), rest(s + 1), skips ? rest(s + 2) : impossible);
  }
}

/// dlog_p: of this sample, zero so far, rows `stride` apart. betas: room for 2 dims.states.
template <class T>
void run_backward(const CtcDims& dims, const Sample<T>& sample, const double* log_alpha,
                  double log_target, double dloss, double* betas, T* dlog_p) {
  const Index stride = dims.n * dims.c;
  double* now = betas;
  double* behind = betas + dims.states;
  for (Index t = sample.steps - 1; t >= 0; --t) {
    if (t == sample.steps - 1) {
      std::fill_n(now, sample.states, impossible);
      std::fill_n(now + std::max<Index>(0, sample.states - 2), std::min<Index>(2, sample.states),
                  0.0);
    } else {
      step_back(sample, t, behind, now);
    }
    const double* const alpha = log_alpha + t * dims.states;
    T* const row = dlog_p + t * stride;
    for (Index s = sample.first_state(t); s < sample.last_state(t); ++s) {
      const double share = exp_or_0(alpha[s] + now[s] - log_target);
      row[sample.symbol(s)] -= static_cast<T>(dloss * share);
    }
    std::swap(now, behind);
  }
}

template <class T>
void count_ctc(const CtcDims& d, Index arrays) {
  count_work<T>(8 * d.n * d.t * d.states,
                arrays * bytes_of<T>(d.t * d.n * d.c) + bytes_of<double>(d.n * d.t * d.states));
}

}  // namespace

template <class T>
void ctc_loss_forward(const CtcDims& d, const CtcTargets& of, const T* log_p, double* log_alpha,
                      T* losses) {
  count_ctc<T>(d, 1);
  const detail::FlushDenormals flush;
  parallel_for(d.n, 1, [&](Index begin, Index end) {
    for (Index n = begin; n < end; ++n) {
      const Sample<T> sample(d, of, log_p, n);
      losses[n] = static_cast<T>(0 - run_forward(d, sample, log_alpha + n * d.t * d.states));
    }
  });
}

template <class T>
void ctc_loss_backward(const CtcDims& d, const CtcTargets& of, const T* log_p,
                       const double* log_alpha, const T* dlosses, bool zero_infinity, T* dlog_p) {
  count_ctc<T>(d, 2);
  const detail::FlushDenormals flush;
  parallel_with_scratch<double>(d.n, 1, 2 * d.states, [&](double* betas, Index begin, Index end) {
    for (Index n = begin; n < end; ++n) {
      const Sample<T> sample(d, of, log_p, n);
      T* const rows = dlog_p + n * d.c;
      const double* const alpha = log_alpha + n * d.t * d.states;
      double log_target = 0;
      if (sample.steps > 0) {
        const double* const last = alpha + (sample.steps - 1) * d.states + sample.states - 1;
        log_target = log_add(last[0], sample.states > 1 ? last[-1] : impossible, impossible);
      }
      const bool is_infinite = log_target == impossible;
      for (Index t = 0; t < d.t; ++t) {
        const bool unknown = is_infinite && !zero_infinity && t < sample.steps;
        std::fill_n(rows + t * d.n * d.c, d.c,
                    unknown ? std::numeric_limits<T>::quiet_NaN() : T(0));
      }
      if (is_infinite) continue;
      run_backward(d, sample, alpha, log_target, static_cast<double>(dlosses[n]), betas, rows);
    }
  });
}

#define TENON_INSTANTIATE(T)                                                                     \
  template void ctc_loss_forward<T>(const CtcDims&, const CtcTargets&, const T*, double*, T*);   \
  template void ctc_loss_backward<T>(const CtcDims&, const CtcTargets&, const T*, const double*, \
                                     const T*, bool, T*);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
