#pragma once

#include <concepts>

#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// y = max(x, 0); NaN stays NaN, for every element of x, of any shape; dx = dy where y > 0, else 0
/// (so 0 at 0). Saves y. Throws ValueError for an undefined tensor. As torch.relu.
template <std::floating_point T>
TENON_API BasicTensor<T> relu(const BasicTensor<T>& x);

namespace detail {

/// dx = dy where y > 0, else 0. Linear in dy, and constant in y.
template <class T>
TENON_API BasicTensor<T> relu_backward(const BasicTensor<T>& dy, const BasicTensor<T>& y);

}  // namespace detail
}  // namespace tenon
