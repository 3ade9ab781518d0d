#include "tenon/ops/margin_loss.hpp"

#include <cmath>
#include <limits>

#include "ops/class_labels.hpp"
#include "tenon/ops/compare.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/products.hpp"
#include "tenon/ops/relu.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon {
namespace detail {
namespace {

/// [z]+ whose slope at 0 is 1, as that of PyTorch's clamp_min.
template <class T>
BasicTensor<T> positive_part(const BasicTensor<T>& z) {
  return clamp(z, T(0), std::numeric_limits<T>::infinity());
}

/// yes where target = 1, no where it is -1, and both added up for any other number, as PyTorch
/// does where `others` is set.
template <class T>
BasicTensor<T> by_sign(const BasicTensor<T>& target, const BasicTensor<T>& yes,
                       const BasicTensor<T>& no, bool others) {
  if (!others) return where(eq(target, 1), yes, 0) + where(eq(target, -1), no, 0);
  return where(ne(target, -1), yes, 0) + where(ne(target, 1), no, 0);
}

/// True at each row's label.
BoolTensor label_mask(const LongTensor& labels, Index classes) {
  auto mask = full<bool>({labels.numel(), classes}, false);
  for (Index n = 0; n < labels.numel(); ++n) mask.data()[n * classes + labels.data()[n]] = true;
  return mask;
}

}  // namespace
}  // namespace detail

template <std::floating_point T>
BasicTensor<T> hinge_loss(const BasicTensor<T>& x, const BasicTensor<T>& target,
                          Reduction reduction) {
  const detail::OpScope scope("hinge_loss");
  detail::check_same_shape("hinge_loss", "x", x.impl(), "target", target.impl());
  return detail::reduce_losses(relu(1 - target * x), reduction, x.numel());
}

template <std::floating_point T>
BasicTensor<T> squared_hinge_loss(const BasicTensor<T>& x, const BasicTensor<T>& target,
                                  Reduction reduction) {
  const detail::OpScope scope("squared_hinge_loss");
  detail::check_same_shape("squared_hinge_loss", "x", x.impl(), "target", target.impl());
  return detail::reduce_losses(square(relu(1 - target * x)), reduction, x.numel());
}

template <std::floating_point T>
BasicTensor<T> hinge_embedding_loss(const BasicTensor<T>& x, const BasicTensor<T>& target,
                                    const HingeEmbeddingLossOptions& options) {
  const detail::OpScope scope("hinge_embedding_loss");
  detail::check_same_shape("hinge_embedding_loss", "x", x.impl(), "target", target.impl());
  const auto apart = detail::positive_part(options.margin - x);
  return detail::reduce_losses(detail::by_sign(target, x, apart, true), options.reduction,
                               x.numel());
}

template <std::floating_point T>
BasicTensor<T> multi_margin_loss(const BasicTensor<T>& x, const LongTensor& labels_any,
                                 const BasicTensor<T>& weight,
                                 const MultiMarginLossOptions& options) {
  constexpr const char* op = "multi_margin_loss";
  const detail::OpScope scope(op);
  const auto labels = detail::checked_labels(op, "x", x, labels_any, detail::nothing_ignored);
  const Index classes = x.shape()[1];
  if (x.rank() != 2) {
    detail::fail<ShapeError>(op, "x must have shape (N, C) but has ", x.shape(),
                             "; hint: move the classes to the end and flatten the other axes");
  }
  if (options.p != 1 && options.p != 2) {
    detail::fail<ValueError>(op, "p must be 1 or 2 but is ", options.p,
                             "; hint: 2 punishes large violations more");
  }
  detail::check_class_weight(op, weight.impl(), classes);
  if (x.numel() == 0) return detail::reduce_losses(sum(x, {1}), options.reduction, labels.numel());
  const auto own = detail::pick(x, labels, 1).unsqueeze(1);
  const auto violation = relu(x - own + options.margin);
  const auto raised = options.p == 1 ? violation : square(violation);
  const auto others = where(detail::label_mask(labels, classes), 0, raised);
  auto losses = sum(others, {1}) / classes;
  if (weight.defined()) {
    losses = losses * detail::label_weights(labels, weight, detail::nothing_ignored).each;
  }
  return detail::reduce_losses(losses, options.reduction, labels.numel());
}

template <std::floating_point T>
BasicTensor<T> margin_ranking_loss(const BasicTensor<T>& x1, const BasicTensor<T>& x2,
                                   const BasicTensor<T>& target,
                                   const MarginRankingLossOptions& options) {
  constexpr const char* op = "margin_ranking_loss";
  const detail::OpScope scope(op);
  detail::check_same_shape(op, "x1", x1.impl(), "x2", x2.impl());
  detail::check_same_shape(op, "x1", x1.impl(), "target", target.impl());
  const auto losses = detail::positive_part(options.margin - target * (x1 - x2));
  return detail::reduce_losses(losses, options.reduction, x1.numel());
}

template <std::floating_point T>
BasicTensor<T> cosine_embedding_loss(const BasicTensor<T>& x1, const BasicTensor<T>& x2,
                                     const BasicTensor<T>& target,
                                     const CosineEmbeddingLossOptions& options) {
  constexpr const char* op = "cosine_embedding_loss";
  const detail::OpScope scope(op);
  detail::check_same_shape(op, "x1", x1.impl(), "x2", x2.impl());
  const Shape& shape = x1.shape();
  const bool is_vector = shape.rank() == 1, is_batch = shape.rank() == 2;
  const Shape wanted = is_batch ? Shape{shape[0]} : Shape{};
  if (!(is_vector || is_batch) || !(detail::defined(op, target.impl()).shape == wanted)) {
    detail::fail<ShapeError>(op, "x1 and x2 must have shape (N, D) and target (N), or (D) and (), ",
                             "but have ", shape, " and ", target.shape(),
                             "; hint: target.squeeze(-1) drops an axis of 1");
  }
  constexpr double eps = 1e-12;
  const auto square_lengths = (sum(square(x1), {-1}) + eps) * (sum(square(x2), {-1}) + eps);
  const auto cosine = sum(x1 * x2, {-1}) / sqrt(square_lengths);
  const auto apart = detail::positive_part(cosine - options.margin);
  return detail::reduce_losses(detail::by_sign(target, 1 - cosine, apart, false), options.reduction,
                               target.numel());
}

template <std::floating_point T>
BasicTensor<T> triplet_margin_loss(const BasicTensor<T>& anchor, const BasicTensor<T>& positive,
                                   const BasicTensor<T>& negative,
                                   const TripletMarginLossOptions& options) {
  constexpr const char* op = "triplet_margin_loss";
  const detail::OpScope scope(op);
  detail::check_same_shape(op, "anchor", anchor.impl(), "positive", positive.impl());
  detail::check_same_shape(op, "anchor", anchor.impl(), "negative", negative.impl());
  if (anchor.rank() < 1) {
    detail::fail<ShapeError>(op, "anchor, positive and negative must have shape (N, D) but have ",
                             anchor.shape(), "; hint: distances are between vectors");
  }
  if (!(options.p > 0)) {
    detail::fail<ValueError>(op, "p must be more than 0 but is ", options.p,
                             "; hint: 2 is the Euclidean distance");
  }
  const PairwiseDistanceOptions distance{.p = options.p, .eps = options.eps};
  const auto near = pairwise_distance(anchor, positive, distance);
  auto far = pairwise_distance(anchor, negative, distance);
  if (options.swap) far = minimum(far, pairwise_distance(positive, negative, distance));
  const auto losses = detail::positive_part(near - far + options.margin);
  return detail::reduce_losses(losses, options.reduction, losses.numel());
}

#define TENON_INSTANTIATE(T)                                                                    \
  template TENON_API BasicTensor<T> hinge_loss(const BasicTensor<T>&, const BasicTensor<T>&,    \
                                               Reduction);                                      \
  template TENON_API BasicTensor<T> squared_hinge_loss(const BasicTensor<T>&,                   \
                                                       const BasicTensor<T>&, Reduction);       \
  template TENON_API BasicTensor<T> hinge_embedding_loss(                                       \
      const BasicTensor<T>&, const BasicTensor<T>&, const HingeEmbeddingLossOptions&);          \
  template TENON_API BasicTensor<T> multi_margin_loss(const BasicTensor<T>&, const LongTensor&, \
                                                      const BasicTensor<T>&,                    \
                                                      const MultiMarginLossOptions&);           \
  template TENON_API BasicTensor<T> margin_ranking_loss(                                        \
      const BasicTensor<T>&, const BasicTensor<T>&, const BasicTensor<T>&,                      \
      const MarginRankingLossOptions&);                                                         \
  template TENON_API BasicTensor<T> cosine_embedding_loss(                                      \
      const BasicTensor<T>&, const BasicTensor<T>&, const BasicTensor<T>&,                      \
      const CosineEmbeddingLossOptions&);                                                       \
  template TENON_API BasicTensor<T> triplet_margin_loss(                                        \
      const BasicTensor<T>&, const BasicTensor<T>&, const BasicTensor<T>&,                      \
      const TripletMarginLossOptions&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
