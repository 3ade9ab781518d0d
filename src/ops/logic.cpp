#include "tenon/ops/logic.hpp"

#include <algorithm>
#include <limits>

#include "ops/common.hpp"
#include "tenon/ops/compare.hpp"
#include "tenon/ops/elementwise.hpp"

namespace tenon {
namespace {

/// Whether `wanted` occurs along the axis; if so the result is `wanted`, else the contrary.
BoolTensor search(const char* op, const BoolTensor& mask_any, Index axis_any, bool keepdim,
                  bool wanted) {
  const detail::OpScope scope(op);
  const int axis = detail::defined(op, mask_any.impl()).shape.axis(axis_any);
  const BoolTensor mask = mask_any.contiguous();
  Shape shape = mask.shape();
  Index inner = 1;
  for (int i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
  const Index length = shape[axis];
  shape[axis] = 1;
  auto y = BoolTensor::empty(shape);
  y.fill_(!wanted);
  const bool* x = mask.data();
  for (Index row = 0; row < y.numel(); row += inner) {
    for (Index k = 0; k < length; ++k, x += inner) {
      for (Index i = 0; i < inner; ++i) {
        if (x[i] == wanted) y.data()[row + i] = wanted;
      }
    }
  }
  return keepdim ? y : y.squeeze(axis);
}

bool occurs(const char* op, const BoolTensor& mask_any, bool wanted) {
  const detail::OpScope scope(op);
  detail::defined(op, mask_any.impl());
  const BoolTensor mask = mask_any.contiguous();
  const bool* const end = mask.data() + mask.numel();
  return std::find(mask.data(), end, wanted) != end;
}

}  // namespace

template <std::floating_point T>
BoolTensor isnan(const BasicTensor<T>& x) {
  return ne(x, x);
}

template <std::floating_point T>
BoolTensor isinf(const BasicTensor<T>& x) {
  NoTape values_only;
  return eq(abs(x), std::numeric_limits<T>::infinity());
}

template <std::floating_point T>
BoolTensor isfinite(const BasicTensor<T>& x) {
  NoTape values_only;
  return lt(abs(x), std::numeric_limits<T>::infinity());
}

BoolTensor logical_not(const BoolTensor& a) { return eq(a, false); }
// As false < true: a and b is "a is more than not b", a or b is "a is at least not b".
BoolTensor logical_and(const BoolTensor& a, const BoolTensor& b) { return gt(a, logical_not(b)); }
BoolTensor logical_or(const BoolTensor& a, const BoolTensor& b) { return ge(a, logical_not(b)); }
BoolTensor logical_xor(const BoolTensor& a, const BoolTensor& b) { return ne(a, b); }

bool any_true(const BoolTensor& mask) { return occurs("any_true", mask, true); }
bool all_true(const BoolTensor& mask) { return !occurs("all_true", mask, false); }
BoolTensor any_true(const BoolTensor& mask, Index axis, bool keepdim) {
  return search("any_true", mask, axis, keepdim, true);
}
BoolTensor all_true(const BoolTensor& mask, Index axis, bool keepdim) {
  return search("all_true", mask, axis, keepdim, false);
}

#define TENON_INSTANTIATE(T)                                  \
  template TENON_API BoolTensor isnan(const BasicTensor<T>&); \
  template TENON_API BoolTensor isinf(const BasicTensor<T>&); \
  template TENON_API BoolTensor isfinite(const BasicTensor<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
