#pragma once

#include <concepts>

#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// y[..., c] = 1 where c is the label, else 0.
/// labels of any shape (...), in [0, classes); y (..., classes), a constant. Throws ValueError for
/// a label out of its range. As torch.nn.functional.one_hot.
template <std::floating_point T = float>
TENON_API BasicTensor<T> one_hot(const LongTensor& labels, Index classes);

}  // namespace tenon
