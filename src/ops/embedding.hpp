#pragma once

#include "tenon/tensor/tensor.hpp"

namespace tenon::detail {

/// y[g] = the sum of rows[i] over all i with groups[i] = g, in their order; the transpose of
/// looking rows up. rows (n, D)   groups (n), each in [0, count)   y (count, D). Derivatives of
/// every order.
template <class T>
BasicTensor<T> add_rows(const BasicTensor<T>& rows, const LongTensor& groups, Index count);

}  // namespace tenon::detail
