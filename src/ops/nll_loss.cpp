#include "tenon/ops/nll_loss.hpp"

#include <algorithm>

#include "ops/class_labels.hpp"
#include "tenon/ops/compare.hpp"
#include "tenon/ops/elementwise.hpp"

namespace tenon {

template <std::floating_point T>
BasicTensor<T> nll_loss(const BasicTensor<T>& log_probabilities, const LongTensor& labels_any,
                        const BasicTensor<T>& weight, const NLLLossOptions& options) {
  constexpr const char* op = "nll_loss";
  const detail::OpScope scope(op);
  const Index ignored = options.ignore_index;
  const auto labels =
      detail::checked_labels(op, "log_probabilities", log_probabilities, labels_any, ignored);
  detail::check_class_weight(op, weight.impl(), log_probabilities.shape()[1]);
  // Class 0 stands in for what is ignored: its number is not used.
  auto classes = labels.clone();
  std::replace(classes.data(), classes.data() + classes.numel(), std::int64_t{ignored},
               std::int64_t{0});
  const bool has_classes = log_probabilities.shape()[1] > 0;
  const auto chosen = has_classes ? detail::pick(log_probabilities, classes, 1)
                                  : sum(log_probabilities, {1});  // then all are ignored
  const auto losses = where(eq(labels, ignored), 0, -chosen);
  return detail::reduce_weighted(losses, detail::label_weights(labels, weight, ignored),
                                 options.reduction);
}

template <std::floating_point T>
BasicTensor<T> kl_div(const BasicTensor<T>& x, const BasicTensor<T>& target,
                      const KLDivOptions& options) {
  const detail::OpScope scope("kl_div");
  detail::check_same_shape("kl_div", "x", x.impl(), "target", target.impl());
  if (options.batch_mean && x.rank() == 0) {
    detail::fail<ShapeError>("kl_div",
                             "batch_mean divides by the number of samples, the size of "
                             "the first axis, but x has no axis; hint: leave it out");
  }
  BasicTensor<T> losses;
  if (options.log_target) {
    losses = exp(target) * (target - x);
  } else {
    const auto logarithm = log(where(eq(target, 0), 1, target));
    losses = target * logarithm - target * x;
  }
  return detail::reduce_losses(losses, options.reduction,
                               options.batch_mean ? x.shape()[0] : x.numel());
}

#define TENON_INSTANTIATE(T)                                                                \
  template TENON_API BasicTensor<T> nll_loss(const BasicTensor<T>&, const LongTensor&,      \
                                             const BasicTensor<T>&, const NLLLossOptions&); \
  template TENON_API BasicTensor<T> kl_div(const BasicTensor<T>&, const BasicTensor<T>&,    \
                                           const KLDivOptions&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
