#pragma once

#include "tenon/nn/loss.hpp"
#include "tenon/ops/focal_loss.hpp"

/// The losses of ops/focal_loss.hpp as objects. Each works for float and double.
namespace tenon::nn {

struct SigmoidFocalLoss {
  SigmoidFocalLossOptions options = {};

  template <class T>
  BasicTensor<T> operator()(const BasicTensor<T>& logits, const BasicTensor<T>& target) const {
    return sigmoid_focal_loss(logits, target, options);
  }
};

struct FocalLoss {
  FocalLossOptions options = {};
  LossWeight weight = {};  ///< (C), of the classes

  template <class T>
  BasicTensor<T> operator()(const BasicTensor<T>& logits, const LongTensor& labels) const {
    return focal_loss(logits, labels, weight.as<T>(), options);
  }
};

}  // namespace tenon::nn
