#pragma once

#include <concepts>
#include <optional>

#include "tenon/ops/pair.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon {

struct MaxUnpool2dOptions {
  Pair stride = 0;                       ///< as of the pooling; 0: the kernel's size
  Pair padding = 0;                      ///< as of the pooling
  std::optional<Pair> output_size = {};  ///< (H, W) of what was pooled, where that is not the size
                                         ///< below
};

/// The inverse of max_pool2d_with_indices as far as there is one: each element of x returns to the
/// position that it came from, and all others are 0.
///   y[n,c,h,w] = x[n,c,i,j] where indices[n,c,i,j] = h W + w, else 0
///   x, indices (N, C, H', W')   kernel (KH, KW)
///   y (N, C, H, W) with H = (H' - 1) stride - 2 padding + KH unless output_size says otherwise
/// Where indices meet, as they do in windows that overlap, the last one in row-major order wins and
/// alone gets a gradient. Throws ShapeError where shapes do not fit, IndexError for an index
/// outside the plane, ValueError for options out of their range. Saves positions. Has derivatives
/// of every order. As torch.nn.functional.max_unpool2d.
template <std::floating_point T>
TENON_API BasicTensor<T> max_unpool2d(const BasicTensor<T>& x, const LongTensor& indices,
                                      Pair kernel, const MaxUnpool2dOptions& options = {});

}  // namespace tenon
