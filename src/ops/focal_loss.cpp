#include "tenon/ops/focal_loss.hpp"

#include <limits>

#include "ops/class_labels.hpp"
#include "tenon/ops/bce_loss.hpp"
#include "tenon/ops/cross_entropy.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/sigmoid.hpp"

namespace tenon {
namespace detail {
namespace {

void check_gamma(const char* op, double gamma) {
  if (gamma >= 0) [[likely]]
    return;
  fail<ValueError>(op, "gamma must not be negative but is ", gamma,
                   "; hint: 2 is what the paper found best");
}

/// losses (1 - q)^gamma of missed = 1 - q. Its lower limit keeps the slope of a root finite.
template <class T>
BasicTensor<T> modulated(const BasicTensor<T>& losses, const BasicTensor<T>& missed, double gamma) {
  if (gamma == 0) return losses;
  if (gamma == 1) return losses * missed;
  if (gamma == 2) return losses * square(missed);
  return losses * pow(clamp(missed, std::numeric_limits<T>::min(), T(1)), gamma);
}

}  // namespace
}  // namespace detail

template <std::floating_point T>
BasicTensor<T> sigmoid_focal_loss(const BasicTensor<T>& x, const BasicTensor<T>& target,
                                  const SigmoidFocalLossOptions& options) {
  constexpr const char* op = "sigmoid_focal_loss";
  const detail::OpScope scope(op);
  detail::check_same_shape(op, "x", x.impl(), "target", target.impl());
  detail::check_gamma(op, options.gamma);
  if (!(options.alpha <= 1)) {
    detail::fail<ValueError>(op, "alpha must be in [0, 1], or negative for none, but is ",
                             options.alpha, "; hint: it is the weight of the positives");
  }
  const auto negative = 1 - target;
  auto losses = binary_cross_entropy_with_logits(x, target, Reduction::none);
  if (options.gamma != 0) {
    // sigmoid(-x) rather than 1 - sigmoid(x), of which nothing would be left for large x.
    const auto missed = sigmoid(-x) * target + sigmoid(x) * negative;
    losses = detail::modulated(losses, missed, options.gamma);
  }
  if (options.alpha >= 0) {
    losses = losses * (target * options.alpha + negative * (1 - options.alpha));
  }
  return detail::reduce_losses(losses, options.reduction, x.numel());
}

template <std::floating_point T>
BasicTensor<T> focal_loss(const BasicTensor<T>& logits, const LongTensor& labels_any,
                          const BasicTensor<T>& weight, const FocalLossOptions& options) {
  constexpr const char* op = "focal_loss";
  const detail::OpScope scope(op);
  detail::check_gamma(op, options.gamma);
  const auto labels =
      detail::checked_labels(op, "logits", logits, labels_any, options.ignore_index);
  detail::check_class_weight(op, weight.impl(), logits.shape()[1]);
  const auto losses = cross_entropy(logits, labels, {Reduction::none, options.ignore_index});
  const auto focal = detail::modulated(losses, 1 - exp(-losses), options.gamma);
  return detail::reduce_weighted(focal, detail::label_weights(labels, weight, options.ignore_index),
                                 options.reduction);
}

#define TENON_INSTANTIATE(T)                                                             \
  template TENON_API BasicTensor<T> sigmoid_focal_loss(                                  \
      const BasicTensor<T>&, const BasicTensor<T>&, const SigmoidFocalLossOptions&);     \
  template TENON_API BasicTensor<T> focal_loss(const BasicTensor<T>&, const LongTensor&, \
                                               const BasicTensor<T>&, const FocalLossOptions&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
