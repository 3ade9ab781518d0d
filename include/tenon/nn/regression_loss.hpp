#pragma once

#include "tenon/ops/regression_loss.hpp"

/// The losses of ops/regression_loss.hpp as objects, under PyTorch's names: loss(prediction,
/// target). Each works for float and double.
namespace tenon::nn {

struct L1Loss {
  Reduction reduction = Reduction::mean;

  template <class T>
  BasicTensor<T> operator()(const BasicTensor<T>& x, const BasicTensor<T>& target) const {
    return l1_loss(x, target, reduction);
  }
};

struct SmoothL1Loss {
  SmoothL1LossOptions options = {};

  template <class T>
  BasicTensor<T> operator()(const BasicTensor<T>& x, const BasicTensor<T>& target) const {
    return smooth_l1_loss(x, target, options);
  }
};

struct HuberLoss {
  HuberLossOptions options = {};

  template <class T>
  BasicTensor<T> operator()(const BasicTensor<T>& x, const BasicTensor<T>& target) const {
    return huber_loss(x, target, options);
  }
};

struct PoissonNLLLoss {
  PoissonNLLLossOptions options = {};

  template <class T>
  BasicTensor<T> operator()(const BasicTensor<T>& x, const BasicTensor<T>& target) const {
    return poisson_nll_loss(x, target, options);
  }
};

/// loss(prediction, target, variance)
struct GaussianNLLLoss {
  GaussianNLLLossOptions options = {};

  template <class T>
  BasicTensor<T> operator()(const BasicTensor<T>& x, const BasicTensor<T>& target,
                            const BasicTensor<T>& variance) const {
    return gaussian_nll_loss(x, target, variance, options);
  }
};

}  // namespace tenon::nn
