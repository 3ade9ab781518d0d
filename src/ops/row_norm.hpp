#pragma once

#include "tenon/tensor/tensor.hpp"

namespace tenon::detail {

/// layer_norm, and with center = false rms_norm.
template <class T>
BasicTensor<T> row_norm(const char* op, const BasicTensor<T>& x, const Shape& normalized_shape,
                        const BasicTensor<T>& w, const BasicTensor<T>& b, double eps, bool center);

}  // namespace tenon::detail
