#pragma once

#include <concepts>

#include "tenon/tensor/tensor.hpp"

/// Reductions besides sum, mean, max and min, over all axes or some. Axes may be negative, counted
/// from the end; an empty list stands for all. A reduced axis disappears, or stays with size 1
/// where keepdim is set. All have derivatives of every order. Throw IndexError for an axis that x
/// does not have, ValueError for one named twice or an undefined tensor.
namespace tenon {

struct VarOptions {
  Index correction = 1;  ///< the sum of squares is divided by n - correction; 0: by n
  bool keepdim = false;
};

/// y = sum of (x - mean)^2 / (n - correction) over the axes dims, n elements each, in two passes,
/// so that digits are kept where the mean is large; NaN for n <= correction where the sum is 0, as
/// torch.var. dx = 2 dy (x - mean) / (n - correction). Saves x.
template <std::floating_point T>
TENON_API BasicTensor<T> var(const BasicTensor<T>& x, const Shape& dims = {},
                             const VarOptions& options = {});
template <std::floating_point T, std::integral I>
BasicTensor<T> var(const BasicTensor<T>& x, I axis, const VarOptions& options = {}) {
  return var(x, Shape{axis}, options);
}

/// The standard deviation, the square root of var; where it is 0, its gradient is 0. torch.std,
/// whose name C++ keeps for its library.
template <std::floating_point T>
TENON_API BasicTensor<T> stddev(const BasicTensor<T>& x, const Shape& dims = {},
                                const VarOptions& options = {});
template <std::floating_point T, std::integral I>
BasicTensor<T> stddev(const BasicTensor<T>& x, I axis, const VarOptions& options = {}) {
  return stddev(x, Shape{axis}, options);
}

/// y = (sum of |x|^p)^(1/p) over the axes dims: the length for p = 2, the sum of sizes for 1, the
/// largest size for infinity, the smallest for -infinity, the number of elements that are not 0 for
/// 0. Neither squares of large nor of small numbers are lost. dx = dy sign(x) (|x| / y)^(p-1), 0
/// where y is 0; for +-infinity dy is shared by all elements of that size. Saves x and y. Throws
/// ValueError where p is not a number, ShapeError for p = +-infinity of no elements. As
/// torch.linalg.vector_norm.
template <std::floating_point T>
TENON_API BasicTensor<T> norm(const BasicTensor<T>& x, double p = 2, const Shape& dims = {},
                              bool keepdim = false);
template <std::floating_point T, std::integral I>
BasicTensor<T> norm(const BasicTensor<T>& x, double p, I axis, bool keepdim = false) {
  return norm(x, p, Shape{axis}, keepdim);
}

/// y = ln of the sum of e^x over the axes dims, shifted by the largest x so that nothing overflows;
/// -infinity where all x are, or there are none. dx = dy softmax(x), 0 where y is -infinity.
/// Saves x and y. As torch.logsumexp.
template <std::floating_point T>
TENON_API BasicTensor<T> logsumexp(const BasicTensor<T>& x, const Shape& dims = {},
                                   bool keepdim = false);
template <std::floating_point T, std::integral I>
BasicTensor<T> logsumexp(const BasicTensor<T>& x, I axis, bool keepdim = false) {
  return logsumexp(x, Shape{axis}, keepdim);
}

namespace detail {
template <class T>
TENON_API BasicTensor<T> prod(const BasicTensor<T>& x, Index axis, bool keepdim);
}  // namespace detail

/// y = the product of all elements, of rank 0; 1 where there are none. Multiplied in double. dx =
/// dy times the product of the other elements: y / x, but without a division where a product is 0
/// or not finite, so that zeros are like other numbers. Saves x and y.
template <std::floating_point T>
TENON_API BasicTensor<T> prod(const BasicTensor<T>& x);
/// The products along one axis.
template <std::floating_point T, std::integral I>
BasicTensor<T> prod(const BasicTensor<T>& x, I axis, bool keepdim = false) {
  return detail::prod(x, static_cast<Index>(axis), keepdim);
}

}  // namespace tenon
