#pragma once

#include <concepts>

#include "tenon/ops/reduction.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// The squared error (x - target)^2 of every element; mean divides by the number of elements.
/// x, target: of one shape, whatever it is; nothing is broadcast, since (N) against (N, 1) would
/// silently compare every sample with every other. Both may be tracked. Throws ShapeError. Saves
/// the difference. As torch.nn.functional.mse_loss.
template <std::floating_point T>
TENON_API BasicTensor<T> mse_loss(const BasicTensor<T>& x, const BasicTensor<T>& target,
                                  Reduction reduction = Reduction::mean);

}  // namespace tenon
