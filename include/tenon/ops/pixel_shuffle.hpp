#pragma once

#include <concepts>

#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// Channels laid out as pixels: images r times as large, of r r times fewer channels.
///   y[n, c, i r + p, j r + q] = x[n, (c r + p) r + q, i, j]
///   x (N, C r r, H, W)   r >= 1   y (N, C, H r, W r)
/// Throws ShapeError where r r does not divide the channels, ValueError for another r. Saves
/// nothing; of every order. As torch.nn.functional.pixel_shuffle. Source: Shi et al., "Real-time
/// single image and video super-resolution using an efficient sub-pixel convolutional neural
/// network", CVPR 2016.
template <std::floating_point T>
TENON_API BasicTensor<T> pixel_shuffle(const BasicTensor<T>& x, Index upscale_factor);

/// Its inverse: squares of r x r pixels become channels.
///   x (N, C, H r, W r)   y (N, C r r, H, W)
/// Throws ShapeError where r does not divide both sides. As torch.nn.functional.pixel_unshuffle.
template <std::floating_point T>
TENON_API BasicTensor<T> pixel_unshuffle(const BasicTensor<T>& x, Index downscale_factor);

}  // namespace tenon
