#pragma once

#include "tenon/base/random.hpp"
#include "tenon/base/shape.hpp"

namespace tenon::kernels {

/// Elements [first, first + n) of the mask that dropout_mask makes, in this thread; first is even.
template <class T>
void dropout_mask_part(RandomKey key, double p, Index first, Index n, T* part);

}  // namespace tenon::kernels
