#pragma once

#include <concepts>

#include "tenon/ops/reduction.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon {

struct NLLLossOptions {
  Reduction reduction = Reduction::mean;
  Index ignore_index = -100;  ///< samples with this label count for nothing
};

/// cross_entropy of logarithms of probabilities, which log_softmax gives: the second half of it.
///   loss[n] = -weight[labels[n]] log_probabilities[n, labels[n]]
/// log_probabilities (N, C), or (N, C, d1, ...)   labels (N), or (N, d1, ...): in [0, C), or
/// ignore_index   weight (C), a constant; left out or undefined: 1 everywhere
/// Reduction::none gives the labels' shape; mean divides by the sum of the weights of the labels
/// that are not ignored (NaN where there are none). Has derivatives of every order. Throws
/// ShapeError where shapes do not fit, ValueError for a label out of its range. As
/// torch.nn.functional.nll_loss.
template <std::floating_point T>
TENON_API BasicTensor<T> nll_loss(const BasicTensor<T>& log_probabilities, const LongTensor& labels,
                                  const BasicTensor<T>& weight, const NLLLossOptions& options = {});
template <std::floating_point T>
BasicTensor<T> nll_loss(const BasicTensor<T>& log_probabilities, const LongTensor& labels,
                        const NLLLossOptions& options = {}) {
  return nll_loss(log_probabilities, labels, BasicTensor<T>(), options);
}

struct KLDivOptions {
  Reduction reduction = Reduction::mean;
  bool log_target = false;  ///< target holds logarithms of probabilities, too
  bool batch_mean = false;  ///< mean divides by N rather than by the number of elements, which is
                            ///< what the divergence of distributions means; PyTorch's "batchmean"
};

/// The Kullback-Leibler divergence of what a net predicts from a target, element by element.
///   target (log target - x), 0 where target = 0;  or e^target (target - x) of log_target
/// x: logarithms of probabilities; target: probabilities, of x's shape. Mind the order: this is
/// KL(target || e^x). Both may be tracked; derivatives are of every order. Throws ShapeError where
/// shapes differ. As torch.nn.functional.kl_div, whose default divides by the number of elements,
/// too. keras.losses.KLDivergence takes probabilities: log(x) and batch_mean are the same.
template <std::floating_point T>
TENON_API BasicTensor<T> kl_div(const BasicTensor<T>& x, const BasicTensor<T>& target,
                                const KLDivOptions& options = {});

}  // namespace tenon
