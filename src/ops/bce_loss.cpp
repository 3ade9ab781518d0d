#include "tenon/ops/bce_loss.hpp"

#include "ops/common.hpp"
#include "ops/loss.hpp"
#include "tenon/autograd/record.hpp"
#include "tenon/kernels/bce.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/sigmoid.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon {
namespace detail {
namespace {

template <class T>
void check_probabilities(const BasicTensor<T>& p) {
  const T* values = p.data();
  const Index n = p.numel();
  for (Index i = 0; i < n; ++i) {
    if (values[i] < T(0) || values[i] > T(1)) [[unlikely]] {
      fail<ValueError>("binary_cross_entropy", "p must be in [0, 1] but holds ",
                       static_cast<double>(values[i]), " at position ", i, " of shape ", p.shape(),
                       "; hint: apply sigmoid first, or give raw scores to "
                       "binary_cross_entropy_with_logits");
    }
  }
}

// An enclosing tape gets the gradients composed of operations that it can differentiate again, a
// plain sweep the fused kernels.

template <class T>
BasicTensor<T> bce_backward(const BasicTensor<T>& dy_any, const BasicTensor<T>& p,
                            const BasicTensor<T>& target) {
  const OpScope scope("binary_cross_entropy_backward");
  if (Tape::is_recording()) {
    return dy_any * (p - target) / maximum(p * (1 - p), full<T>({}, T(1e-12F)));
  }
  const auto dy = dy_any.contiguous();
  auto dp = BasicTensor<T>::empty(p.shape());
  kernels::bce_backward(p.numel(), dy.data(), p.data(), target.data(), dp.data());
  return dp;
}

template <class T>
BasicTensor<T> bce_with_logits_backward(const BasicTensor<T>& dy_any, const BasicTensor<T>& x,
                                        const BasicTensor<T>& target) {
  const OpScope scope("binary_cross_entropy_with_logits_backward");
  if (Tape::is_recording()) return dy_any * (sigmoid(x) - target);
  const auto dy = dy_any.contiguous();
  auto dx = BasicTensor<T>::empty(x.shape());
  kernels::bce_with_logits_backward(x.numel(), dy.data(), x.data(), target.data(), dx.data());
  return dx;
}

/// losses times weight, where there is one.
template <class T>
BasicTensor<T> weighted(const char* op, const BasicTensor<T>& losses,
                        const BasicTensor<T>& weight) {
  if (!weight.defined()) return losses;
  check_broadcasts(op, "weight", weight.impl(), losses.shape());
  return losses * weight;
}

template <class T>
BasicTensor<T> limited_log(const BasicTensor<T>& p) {
  return maximum(log(p), full<T>({}, T(-100)));
}

}  // namespace
}  // namespace detail

template <std::floating_point T>
BasicTensor<T> binary_cross_entropy(const BasicTensor<T>& p_any, const BasicTensor<T>& target_any,
                                    Reduction reduction) {
  const detail::OpScope scope("binary_cross_entropy");
  detail::check_same_shape("binary_cross_entropy", "p", p_any.impl(), "target", target_any.impl());
  const auto p = p_any.contiguous();
  const auto target = target_any.contiguous();
  detail::check_probabilities(p);
  auto losses = BasicTensor<T>::empty(p.shape());
  kernels::bce_forward(p.numel(), p.data(), target.data(), losses.data());
  if (detail::Recording recording{"binary_cross_entropy", p, target}) {
    const auto saved_target = detail::saved_if(recording.needs(0), target);
    recording.rule(losses, [p = detail::Saved(p), target = saved_target](detail::Sweep<T>& sweep) {
      if (sweep.needs(0)) sweep.add(0, detail::bce_backward(sweep.dy(), *p, *target));
      if (sweep.needs(1)) {
        sweep.add(1, sweep.dy() * (detail::limited_log(1 - *p) - detail::limited_log(*p)));
      }
    });
  }
  return detail::reduce_losses(losses, reduction, p.numel());
}

template <std::floating_point T>
BasicTensor<T> binary_cross_entropy_with_logits(const BasicTensor<T>& x_any,
                                                const BasicTensor<T>& target_any,
                                                Reduction reduction) {
  constexpr const char* op = "binary_cross_entropy_with_logits";
  const detail::OpScope scope(op);
  detail::check_same_shape(op, "x", x_any.impl(), "target", target_any.impl());
  const auto x = x_any.contiguous();
  const auto target = target_any.contiguous();
  auto losses = BasicTensor<T>::empty(x.shape());
  kernels::bce_with_logits_forward(x.numel(), x.data(), target.data(), losses.data());
  if (detail::Recording recording{op, x, target}) {
    const auto saved_target = detail::saved_if(recording.needs(0), target);
    recording.rule(losses, [x = detail::Saved(x), target = saved_target](detail::Sweep<T>& sweep) {
      if (sweep.needs(0)) sweep.add(0, detail::bce_with_logits_backward(sweep.dy(), *x, *target));
      if (sweep.needs(1)) sweep.add(1, -(sweep.dy() * *x));
    });
  }
  return detail::reduce_losses(losses, reduction, x.numel());
}

template <std::floating_point T>
BasicTensor<T> binary_cross_entropy(const BasicTensor<T>& p, const BasicTensor<T>& target,
                                    const BasicTensor<T>& weight, Reduction reduction) {
  const detail::OpScope scope("binary_cross_entropy");
  const auto losses = binary_cross_entropy(p, target, Reduction::none);
  return detail::reduce_losses(detail::weighted("binary_cross_entropy", losses, weight), reduction,
                               p.numel());
}

template <std::floating_point T>
BasicTensor<T> binary_cross_entropy_with_logits(const BasicTensor<T>& x,
                                                const BasicTensor<T>& target,
                                                const BasicBCEWithLogitsOptions<T>& options) {
  constexpr const char* op = "binary_cross_entropy_with_logits";
  const detail::OpScope scope(op);
  BasicTensor<T> losses;
  if (options.pos_weight.defined()) {
    // Both halves on their own: their difference would leave nothing of a small loss.
    detail::check_same_shape(op, "x", x.impl(), "target", target.impl());
    detail::check_broadcasts(op, "pos_weight", options.pos_weight.impl(), x.shape());
    const auto if_yes = binary_cross_entropy_with_logits(x, ones_like(x), Reduction::none);
    const auto if_no = binary_cross_entropy_with_logits(x, zeros_like(x), Reduction::none);
    losses = target * options.pos_weight * if_yes + (1 - target) * if_no;
  } else {
    losses = binary_cross_entropy_with_logits(x, target, Reduction::none);
  }
  return detail::reduce_losses(detail::weighted(op, losses, options.weight), options.reduction,
                               x.numel());
}

#define TENON_INSTANTIATE(T)                                                                \
  template TENON_API BasicTensor<T> binary_cross_entropy(const BasicTensor<T>&,             \
                                                         const BasicTensor<T>&, Reduction); \
  template TENON_API BasicTensor<T> binary_cross_entropy(                                   \
      const BasicTensor<T>&, const BasicTensor<T>&, const BasicTensor<T>&, Reduction);      \
  template TENON_API BasicTensor<T> binary_cross_entropy_with_logits(                       \
      const BasicTensor<T>&, const BasicTensor<T>&, Reduction);                             \
  template TENON_API BasicTensor<T> binary_cross_entropy_with_logits(                       \
      const BasicTensor<T>&, const BasicTensor<T>&, const BasicBCEWithLogitsOptions<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
