#pragma once

#include "tenon/ops/float_or_long.hpp"
#include "tenon/tensor/tensor.hpp"

/// Orders of float, double or std::int64_t, with PyTorch's rules: NaN counts as larger than all
/// numbers, so it comes last in ascending order and first in descending order; -0 equals 0. Equal
/// values keep their order in either direction (sorts are stable), and of equal ones topk takes the
/// earlier. Axes may be negative, counted from the end. Gradients of every order go to the places
/// the values came from; the positions are saved. Throw IndexError for an axis that x does not
/// have, ValueError for an undefined tensor.
namespace tenon {

/// What sort and topk return.
template <class T>
struct SortResult {
  BasicTensor<T> values;
  LongTensor indices;  ///< where each value stood along the axis
};

/// The values along an axis in ascending order, or descending. As torch.sort(stable=True).
template <detail::FloatOrLong T>
TENON_API SortResult<T> sort(const BasicTensor<T>& x, Index axis = -1, bool descending = false);
/// The positions that sort() finds: gather(x, axis, argsort(x, axis)) is sorted.
template <detail::FloatOrLong T>
TENON_API LongTensor argsort(const BasicTensor<T>& x, Index axis = -1, bool descending = false);

/// The k largest values along an axis from the largest down, or the k smallest from the smallest
/// up. Throws ValueError unless 0 <= k <= the axis's size. As torch.topk.
template <detail::FloatOrLong T>
TENON_API SortResult<T> topk(const BasicTensor<T>& x, Index k, Index axis = -1,
                             bool largest = true);

/// What unique returns.
template <class T>
struct UniqueResult {
  BasicTensor<T> values;  ///< (U), ascending
  LongTensor inverse;     ///< of x's shape: x = values at inverse
  LongTensor counts;      ///< (U), how often each occurs
};

/// The different values of x in ascending order. Each NaN is one of its own, as in torch.unique
/// (NumPy makes one of them). A constant for the tape.
template <detail::FloatOrLong T>
TENON_API UniqueResult<T> unique(const BasicTensor<T>& x);

}  // namespace tenon
