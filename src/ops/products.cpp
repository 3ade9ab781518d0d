#include "tenon/ops/products.hpp"

#include <limits>

#include "tenon/base/error.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/linear.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/ops/reductions.hpp"
#include "tensor/checks.hpp"

namespace tenon {
namespace {

void check_bilinear(const Shape& x1, const Shape& x2, const Shape& w) {
  const auto fail = [&](const auto&... what) {
    detail::fail<ShapeError>("bilinear", what..., ": x1 ", x1, ", x2 ", x2, ", w ", w,
                             "; hint: x1 (..., I), x2 (..., J) and w (O, I, J)");
  };
  if (w.rank() != 3) fail("w must have 3 axes, not ", w.rank());
  if (x1.rank() == 0 || x1.rank() != x2.rank())
    fail("x1 and x2 must have the same axes, the last of features");
  for (int i = 0; i + 1 < x1.rank(); ++i) {
    if (x1[i] != x2[i]) fail("x1 and x2 differ in axis ", i);
  }
  if (x1.at(-1) != w[1]) fail("w expects ", w[1], " features of x1, which has ", x1.at(-1));
  if (x2.at(-1) != w[2]) fail("w expects ", w[2], " features of x2, which has ", x2.at(-1));
}

/// x divided by its length along the axis, or by eps where that is larger.
template <class T>
BasicTensor<T> of_length_1(const BasicTensor<T>& x, Index axis, double eps) {
  const T most = std::numeric_limits<T>::infinity();
  return x / clamp(norm(x, 2, axis, true), static_cast<T>(eps), most);
}

}  // namespace

template <std::floating_point T>
BasicTensor<T> bilinear(const BasicTensor<T>& x1, const BasicTensor<T>& x2, const BasicTensor<T>& w,
                        const BasicTensor<T>& b) {
  check_bilinear(detail::defined("bilinear", x1.impl()).shape,
                 detail::defined("bilinear", x2.impl()).shape,
                 detail::defined("bilinear", w.impl()).shape);
  if (b.defined() && !(b.shape() == Shape{w.size(0)})) {
    detail::fail<ShapeError>("bilinear", "b must have shape (O=", w.size(0), ") but has ",
                             b.shape(), "; hint: one bias for each output");
  }
  const auto pairs = x1.unsqueeze(-1) * x2.unsqueeze(-2);
  return linear(pairs.flatten(-2, -1), w.flatten(1, 2), b);
}

template <std::floating_point T>
BasicTensor<T> cosine_similarity(const BasicTensor<T>& x1, const BasicTensor<T>& x2,
                                 const CosineSimilarityOptions& options) {
  const Shape& p = detail::defined("cosine_similarity", x1.impl()).shape;
  const Shape& q = detail::defined("cosine_similarity", x2.impl()).shape;
  const Shape shape = broadcast_shapes("cosine_similarity", p, q);
  const int axis = shape.axis(options.dim);
  const auto a = of_length_1(x1.expand(shape), axis, options.eps);
  const auto b = of_length_1(x2.expand(shape), axis, options.eps);
  return sum(a * b, axis);
}

template <std::floating_point T>
BasicTensor<T> pairwise_distance(const BasicTensor<T>& x1, const BasicTensor<T>& x2,
                                 const PairwiseDistanceOptions& options) {
  const Shape& p = detail::defined("pairwise_distance", x1.impl()).shape;
  const Shape& q = detail::defined("pairwise_distance", x2.impl()).shape;
  broadcast_shapes("pairwise_distance", p, q);
  return norm(x1 - x2 + options.eps, options.p, -1, options.keepdim);
}

#define TENON_INSTANTIATE(T)                                                                \
  template TENON_API BasicTensor<T> bilinear(const BasicTensor<T>&, const BasicTensor<T>&,  \
                                             const BasicTensor<T>&, const BasicTensor<T>&); \
  template TENON_API BasicTensor<T> cosine_similarity(                                      \
      const BasicTensor<T>&, const BasicTensor<T>&, const CosineSimilarityOptions&);        \
  template TENON_API BasicTensor<T> pairwise_distance(                                      \
      const BasicTensor<T>&, const BasicTensor<T>&, const PairwiseDistanceOptions&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
