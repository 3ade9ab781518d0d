#pragma once

#include <concepts>

#include "tenon/tensor/tensor.hpp"

/// Masks: which elements are numbers, and what masks say together. Constants for the tape. Masks
/// of comparisons come from ops/compare.hpp. Throw ShapeError where shapes do not broadcast,
/// ValueError for an undefined tensor, IndexError for an axis that a mask does not have.
namespace tenon {

/// y = x is NaN
template <std::floating_point T>
TENON_API BoolTensor isnan(const BasicTensor<T>& x);
/// y = x is infinity or -infinity
template <std::floating_point T>
TENON_API BoolTensor isinf(const BasicTensor<T>& x);
/// y = x is neither NaN nor infinite
template <std::floating_point T>
TENON_API BoolTensor isfinite(const BasicTensor<T>& x);

/// y = not a
TENON_API BoolTensor logical_not(const BoolTensor& a);
/// y = a and b, broadcast
TENON_API BoolTensor logical_and(const BoolTensor& a, const BoolTensor& b);
/// y = a or b, broadcast
TENON_API BoolTensor logical_or(const BoolTensor& a, const BoolTensor& b);
/// y = a or b but not both, broadcast
TENON_API BoolTensor logical_xor(const BoolTensor& a, const BoolTensor& b);

/// Whether at least one element is true; of no elements false. NumPy's and PyTorch's any.
TENON_API bool any_true(const BoolTensor& mask);
/// The same along one axis, which disappears or stays with size 1.
TENON_API BoolTensor any_true(const BoolTensor& mask, Index axis, bool keepdim = false);
/// Whether every element is true; of no elements true. NumPy's and PyTorch's all (which is the name
/// of a Slice here).
TENON_API bool all_true(const BoolTensor& mask);
/// The same along one axis, which disappears or stays with size 1.
TENON_API BoolTensor all_true(const BoolTensor& mask, Index axis, bool keepdim = false);

}  // namespace tenon
