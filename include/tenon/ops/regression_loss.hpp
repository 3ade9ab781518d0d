#pragma once

#include <concepts>

#include "tenon/ops/reduction.hpp"
#include "tenon/tensor/tensor.hpp"

/// How far numbers are from what they should be, element by element, with PyTorch's names, options
/// and values. d = x - target. x and target have one shape; nothing is broadcast. mean divides by
/// the number of elements. Both may be tracked; gradients are of every order. Throw ShapeError
/// where shapes differ, ValueError for an undefined tensor or an option outside its range.
namespace tenon {

/// |d|; dx = sign(d), 0 at 0. As torch.nn.functional.l1_loss.
template <std::floating_point T>
TENON_API BasicTensor<T> l1_loss(const BasicTensor<T>& x, const BasicTensor<T>& target,
                                 Reduction reduction = Reduction::mean);

struct SmoothL1LossOptions {
  Reduction reduction = Reduction::mean;
  double beta = 1;  ///< where the parabola ends, >= 0; 0 is l1_loss
};

/// d^2 / (2 beta) for |d| < beta, else |d| - beta / 2.
/// Source: Girshick, "Fast R-CNN", ICCV 2015. As torch.nn.functional.smooth_l1_loss.
template <std::floating_point T>
TENON_API BasicTensor<T> smooth_l1_loss(const BasicTensor<T>& x, const BasicTensor<T>& target,
                                        const SmoothL1LossOptions& options = {});

struct HuberLossOptions {
  Reduction reduction = Reduction::mean;
  double delta = 1;  ///< where the parabola ends, > 0
};

/// d^2 / 2 for |d| < delta, else delta (|d| - delta / 2).
/// Source: Huber, "Robust estimation of a location parameter", 1964. As
/// torch.nn.functional.huber_loss and keras.losses.Huber.
template <std::floating_point T>
TENON_API BasicTensor<T> huber_loss(const BasicTensor<T>& x, const BasicTensor<T>& target,
                                    const HuberLossOptions& options = {});

struct PoissonNLLLossOptions {
  Reduction reduction = Reduction::mean;
  bool log_input = true;  ///< x is the logarithm of the rate, otherwise the rate itself, >= 0
  bool full = false;      ///< adds Stirling's approximation of log target! where target > 1
  double eps = 1e-8;      ///< added to a rate before its logarithm, > 0
};

/// Minus the log-likelihood of counts under a Poisson distribution, without log target!.
///   e^x - target x,  or x - target log(x + eps)
/// As torch.nn.functional.poisson_nll_loss; with log_input = false, keras.losses.Poisson.
template <std::floating_point T>
TENON_API BasicTensor<T> poisson_nll_loss(const BasicTensor<T>& x, const BasicTensor<T>& target,
                                          const PoissonNLLLossOptions& options = {});

struct GaussianNLLLossOptions {
  Reduction reduction = Reduction::mean;
  bool full = false;  ///< adds log(2 pi) / 2
  double eps = 1e-6;  ///< the least variance, > 0; the gradient passes as if there were no limit
};

/// Minus the log-likelihood under normal distributions whose means and variances a net predicts.
///   (log v + d^2 / v) / 2,  v = max(variance, eps)
/// variance >= 0, of x's shape, or with a last axis of 1, or without the last axis: one for all of
/// a sample's features. Throws ValueError for a negative variance.
/// Source: Nix, Weigend, "Estimating the mean and variance of the target probability
/// distribution", 1994. As torch.nn.functional.gaussian_nll_loss.
template <std::floating_point T>
TENON_API BasicTensor<T> gaussian_nll_loss(const BasicTensor<T>& x, const BasicTensor<T>& target,
                                           const BasicTensor<T>& variance,
                                           const GaussianNLLLossOptions& options = {});

}  // namespace tenon
