#pragma once

#include "tenon/ops/bce_loss.hpp"
#include "tenon/ops/cross_entropy.hpp"
#include "tenon/ops/mse_loss.hpp"

/// Losses as objects, under PyTorch's names, to hand to a trainer: loss(prediction, target). Each
/// works for float and double.
namespace tenon::nn {

/// cross_entropy of logits (N, C) with labels (N), or with probabilities (N, C).
struct CrossEntropyLoss {
  CrossEntropyOptions options = {};

  template <class T>
  BasicTensor<T> operator()(const BasicTensor<T>& logits, const LongTensor& labels) const {
    return cross_entropy(logits, labels, options);
  }
  template <class T>
  BasicTensor<T> operator()(const BasicTensor<T>& logits, const BasicTensor<T>& targets) const {
    return cross_entropy(logits, targets, options);
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

  template <class T>
  BasicTensor<T> operator()(const BasicTensor<T>& p, const BasicTensor<T>& target) const {
    return binary_cross_entropy(p, target, reduction);
  }
};

/// binary_cross_entropy_with_logits: sigmoid and BCELoss in one, exact where sigmoid saturates.
struct BCEWithLogitsLoss {
  Reduction reduction = Reduction::mean;

  template <class T>
  BasicTensor<T> operator()(const BasicTensor<T>& logits, const BasicTensor<T>& target) const {
    return binary_cross_entropy_with_logits(logits, target, reduction);
  }
};

}  // namespace tenon::nn
