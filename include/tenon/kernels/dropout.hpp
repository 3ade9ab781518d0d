#pragma once

#include "tenon/base/random.hpp"
#include "tenon/kernels/dims.hpp"

namespace tenon::kernels {

/// mask[i] = 1 / (1 - p) with probability 1 - p, else 0, for i < n and p in [0, 1]; p = 1 gives
/// zeros. What position i holds depends on key and i alone, and float and double agree where the
/// element is kept. Parallel over pieces of mask.
template <class T>
TENON_API void dropout_mask(Index n, RandomKey key, double p, T* mask);

}  // namespace tenon::kernels
