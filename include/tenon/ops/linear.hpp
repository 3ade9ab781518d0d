#pragma once

#include <concepts>

#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// A fully connected layer: y = x w^T + b.
///
///   x (..., D)   w (O, D)   b (O), may be undefined   ->   y (..., O)
///
/// Any number of axes may stand before the last of x, none included; all rows are one product.
/// dx = dy w, dw = dy^T x, db = dy summed over all rows. Saves x where dw is needed, w where dx is.
/// Throws ShapeError where sizes differ, ValueError for an undefined x or w. As
/// torch.nn.functional.linear.
template <std::floating_point T>
TENON_API BasicTensor<T> linear(const BasicTensor<T>& x, const BasicTensor<T>& w,
                                const BasicTensor<T>& b = {});

/// relu(linear(x, w, b)), the same bits, without a pass of its own over y. Saves y besides.
template <std::floating_point T>
TENON_API BasicTensor<T> linear_relu(const BasicTensor<T>& x, const BasicTensor<T>& w,
                                     const BasicTensor<T>& b = {});

}  // namespace tenon
