#include "tenon/ops/regression_loss.hpp"

#include <cmath>
#include <numbers>

#include "ops/common.hpp"
#include "ops/loss.hpp"
#include "tenon/kernels/huber.hpp"
#include "tenon/ops/compare.hpp"
#include "tenon/ops/elementwise.hpp"

namespace tenon {
namespace detail {
namespace {

/// d^2 / 2 up to delta, then a straight line; its gradient is the difference limited to +-delta.
template <class T>
BasicTensor<T> huber(const BasicTensor<T>& d, double delta_wanted) {
  const OpScope scope("huber");
  const auto delta = static_cast<T>(delta_wanted);
  auto y = BasicTensor<T>::empty(d.shape());
  kernels::huber(elementwise_dims<1>(d.shape(), {d.impl()}), delta, d.data(), y.data());
  if (Recording recording{"huber", d}) {
    recording.rule(y, [delta, d = Saved(d)](Sweep<T>& sweep) {
      sweep.add(0, sweep.dy() * clamp(*d, -delta, delta));
    });
  }
  return y;
}

template <class T>
BasicTensor<T> stirling(const BasicTensor<T>& target) {
  const auto counts = gt(target, 1);
  const auto t = where(counts, target, 1);  // so that no logarithm of 0 meets a gradient
  const auto half_log = log(t * (2 * std::numbers::pi)) * 0.5;
  return where(counts, t * log(t) - t + half_log, 0);
}

/// The variances in a shape that broadcasts to x's.
template <class T>
BasicTensor<T> checked_variance(const Shape& x, const BasicTensor<T>& variance) {
  constexpr const char* op = "gaussian_nll_loss";
  const Shape& shape = defined(op, variance.impl()).shape;
  Shape one_each = x, without_last = x;
  if (x.rank() > 0) {
    one_each[x.rank() - 1] = 1;
    without_last.erase(x.rank() - 1);
  }
  if (!(shape == x || shape == one_each || shape == without_last)) {
    fail<ShapeError>(op, "variance must have x's shape ", x, ", or ", one_each, " or ",
                     without_last, " for one variance a sample, but has ", shape,
                     "; hint: a net with two outputs a target gives both");
  }
  const auto values = variance.contiguous();
  for (Index i = 0; i < values.numel(); ++i) {
    if (values.data()[i] < T(0)) [[unlikely]] {
      fail<ValueError>(op, position_text("variance", shape, i), " is ",
                       static_cast<double>(values.data()[i]),
                       " but must not be negative; hint: exp of the net's output, or its square");
    }
  }
  return shape.rank() == x.rank() ? variance : variance.unsqueeze(-1);
}

void check_positive(const char* op, const char* option, double value) {
  if (value > 0) [[likely]]
    return;
  fail<ValueError>(op, option, " must be more than 0 but is ", value,
                   "; hint: leave it out for the default");
}

}  // namespace
}  // namespace detail

template <std::floating_point T>
BasicTensor<T> l1_loss(const BasicTensor<T>& x, const BasicTensor<T>& target, Reduction reduction) {
  const detail::OpScope scope("l1_loss");
  detail::check_same_shape("l1_loss", "x", x.impl(), "target", target.impl());
  return detail::reduce_losses(abs(x - target), reduction, x.numel());
}

template <std::floating_point T>
BasicTensor<T> smooth_l1_loss(const BasicTensor<T>& x, const BasicTensor<T>& target,
                              const SmoothL1LossOptions& options) {
  const detail::OpScope scope("smooth_l1_loss");
  detail::check_same_shape("smooth_l1_loss", "x", x.impl(), "target", target.impl());
  if (options.beta == 0) return l1_loss(x, target, options.reduction);
  detail::check_positive("smooth_l1_loss", "beta", options.beta);
  const auto losses = detail::huber(x - target, options.beta);
  return detail::reduce_losses(options.beta == 1 ? losses : losses / options.beta,
                               options.reduction, x.numel());
}

template <std::floating_point T>
BasicTensor<T> huber_loss(const BasicTensor<T>& x, const BasicTensor<T>& target,
                          const HuberLossOptions& options) {
  const detail::OpScope scope("huber_loss");
  detail::check_same_shape("huber_loss", "x", x.impl(), "target", target.impl());
  detail::check_positive("huber_loss", "delta", options.delta);
  return detail::reduce_losses(detail::huber(x - target, options.delta), options.reduction,
                               x.numel());
}

template <std::floating_point T>
BasicTensor<T> poisson_nll_loss(const BasicTensor<T>& x, const BasicTensor<T>& target,
                                const PoissonNLLLossOptions& options) {
  const detail::OpScope scope("poisson_nll_loss");
  detail::check_same_shape("poisson_nll_loss", "x", x.impl(), "target", target.impl());
  detail::check_positive("poisson_nll_loss", "eps", options.eps);
  auto losses = options.log_input ? exp(x) - target * x : x - target * log(x + options.eps);
  if (options.full) losses += detail::stirling(target);
  return detail::reduce_losses(losses, options.reduction, x.numel());
}

template <std::floating_point T>
BasicTensor<T> gaussian_nll_loss(const BasicTensor<T>& x, const BasicTensor<T>& target,
                                 const BasicTensor<T>& variance,
                                 const GaussianNLLLossOptions& options) {
  const detail::OpScope scope("gaussian_nll_loss");
  detail::check_same_shape("gaussian_nll_loss", "x", x.impl(), "target", target.impl());
  detail::check_positive("gaussian_nll_loss", "eps", options.eps);
  const auto given = detail::checked_variance(x.shape(), variance);
  // What the limit adds is a constant, so that the gradient passes it.
  const auto constant = given.detach();
  const auto least = full<T>({}, static_cast<T>(options.eps));
  const auto v = given + (maximum(constant, least) - constant);
  auto losses = (log(v) + square(x - target) / v) * 0.5;
  if (options.full) losses += 0.5 * std::log(2 * std::numbers::pi);
  return detail::reduce_losses(losses, options.reduction, x.numel());
}

#define TENON_INSTANTIATE(T)                                                                       \
  template TENON_API BasicTensor<T> l1_loss(const BasicTensor<T>&, const BasicTensor<T>&,          \
                                            Reduction);                                            \
  template TENON_API BasicTensor<T> smooth_l1_loss(const BasicTensor<T>&, const BasicTensor<T>&,   \
                                                   const SmoothL1LossOptions&);                    \
  template TENON_API BasicTensor<T> huber_loss(const BasicTensor<T>&, const BasicTensor<T>&,       \
                                               const HuberLossOptions&);                           \
  template TENON_API BasicTensor<T> poisson_nll_loss(const BasicTensor<T>&, const BasicTensor<T>&, \
                                                     const PoissonNLLLossOptions&);                \
  template TENON_API BasicTensor<T> gaussian_nll_loss(                                             \
      const BasicTensor<T>&, const BasicTensor<T>&, const BasicTensor<T>&,                         \
      const GaussianNLLLossOptions&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
