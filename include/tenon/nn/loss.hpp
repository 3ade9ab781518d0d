#pragma once

#include <concepts>

#include "tenon/ops/bce_loss.hpp"
#include "tenon/ops/cross_entropy.hpp"
#include "tenon/ops/mse_loss.hpp"
#include "tenon/ops/nll_loss.hpp"
#include "tenon/tensor/tensor.hpp"

/// Losses as objects, under PyTorch's names, to hand to a trainer: loss(prediction, target). Each
/// works for float and double.
namespace tenon::nn {

/// Weights of a loss: a Tensor or a DoubleTensor, whatever type the losses will have.
class LossWeight {
 public:
  LossWeight() noexcept = default;
  template <std::floating_point T>
  LossWeight(const BasicTensor<T>& values)
      : values_(values.defined() ? values.template to<double>() : DoubleTensor()) {}

  template <class T>
  BasicTensor<T> as() const {
    return values_.defined() ? values_.to<T>() : BasicTensor<T>();
  }

 private:
  DoubleTensor values_;
};

/// cross_entropy of logits (N, C) with labels (N), or with probabilities (N, C).
///   nn::CrossEntropyLoss{.options = {.label_smoothing = 0.1}, .weight = tensor({1, 5})}
struct CrossEntropyLoss {
  CrossEntropyOptions options = {};
  LossWeight weight = {};  ///< (C), of the classes

  template <class T>
  BasicTensor<T> operator()(const BasicTensor<T>& logits, const LongTensor& labels) const {
    return cross_entropy(logits, labels, weight.as<T>(), options);
  }
  template <class T>
  BasicTensor<T> operator()(const BasicTensor<T>& logits, const BasicTensor<T>& targets) const {
    return cross_entropy(logits, targets, weight.as<T>(), options);
  }
};

/// nll_loss of logarithms of probabilities with labels.
struct NLLLoss {
  NLLLossOptions options = {};
  LossWeight weight = {};  ///< (C), of the classes

  template <class T>
  BasicTensor<T> operator()(const BasicTensor<T>& log_probabilities,
                            const LongTensor& labels) const {
    return nll_loss(log_probabilities, labels, weight.as<T>(), options);
  }
};

/// kl_div of logarithms of probabilities from probabilities.
struct KLDivLoss {
  KLDivOptions options = {};

  template <class T>
  BasicTensor<T> operator()(const BasicTensor<T>& x, const BasicTensor<T>& target) const {
    return kl_div(x, target, options);
  }
};

/// mse_loss: the mean of (prediction - target)^2.
struct MSELoss {
  Reduction reduction = Reduction::mean;

  template <class T>
  BasicTensor<T> operator()(const BasicTensor<T>& prediction, const BasicTensor<T>& target) const {
    return mse_loss(prediction, target, reduction);
  }
};

/// binary_cross_entropy of probabilities.
struct BCELoss {
  Reduction reduction = Reduction::mean;
  LossWeight weight = {};  ///< of every element's loss; broadcasts to it

  template <class T>
  BasicTensor<T> operator()(const BasicTensor<T>& p, const BasicTensor<T>& target) const {
    return binary_cross_entropy(p, target, weight.as<T>(), reduction);
  }
};

/// binary_cross_entropy_with_logits: sigmoid and BCELoss in one, exact where sigmoid saturates.
struct BCEWithLogitsLoss {
  Reduction reduction = Reduction::mean;
  LossWeight weight = {};      ///< of every element's loss; broadcasts to it
  LossWeight pos_weight = {};  ///< of the part with target

  template <class T>
  BasicTensor<T> operator()(const BasicTensor<T>& logits, const BasicTensor<T>& target) const {
    const BasicBCEWithLogitsOptions<T> options{weight.as<T>(), pos_weight.as<T>(), reduction};
    return binary_cross_entropy_with_logits(logits, target, options);
  }
};

}  // namespace tenon::nn
