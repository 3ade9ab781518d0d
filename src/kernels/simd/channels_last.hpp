#pragma once

#include <algorithm>

#include "kernels/simd/tile.hpp"

/// Images with their channels side by side, (rows, columns, width): what vectors over channels
/// need. A width is the number of channels, padded with zeros to whole vectors.
namespace tenon::kernels {

inline Index whole_vectors(Index channels, Index lanes) {
  return (channels + lanes - 1) / lanes * lanes;
}

/// Rows [first, first + rows) of an image (channels, h, w), which may lie outside of it, with
/// `left` columns of zeros before the pixels and more behind, `columns` in all.
inline void stage_channels_last(const float* image, Index channels, Index h, Index w, Index first,
                                Index rows, Index left, Index columns, Index width, float* staged) {
  const TileKernels<float>& kernels = tile_kernels<float>();
  for (Index r = 0; r < rows; ++r, staged += columns * width) {
    const Index line = first + r, right = columns - left - w;
    const bool is_inside = line >= 0 && line < h;
    if (!is_inside || channels < width) {
      std::fill_n(staged, columns * width, 0.0f);
    } else {
      std::fill_n(staged, left * width, 0.0f);
      std::fill_n(staged + (left + w) * width, right * width, 0.0f);
    }
    if (is_inside) {
      kernels.transpose(image + line * w, h * w, w, channels, staged + left * width, width);
    }
  }
}

}  // namespace tenon::kernels
