#pragma once

#include <algorithm>
#include <vector>

#include "tenon/kernels/avg_pool2d.hpp"

namespace tenon::reference {

/// How much pixel k of an axis weighs in output i's sum, 0 or 1, and what the window's extent adds
/// to the divisor: counted pixel by pixel.
struct AxisWeights {
  std::vector<Index> pixels;
  Index counted = 0;
};

inline AxisWeights axis_weights(const kernels::AvgPool2dAxis& a, Index i, bool count_include_pad) {
  AxisWeights weights{std::vector<Index>(static_cast<std::size_t>(a.size)), 0};
  for (Index k = -a.pad; k < a.size + a.pad; ++k) {
    const bool is_pixel = k >= 0 && k < a.size;
    bool is_taken = k >= i * a.stride - a.pad && k < i * a.stride - a.pad + a.kernel;
    // Pixel k is [k, k + 1) of [0, size), window i is [i, i + 1) size / outputs: do they overlap?
    if (a.kernel == 0)
      is_taken = k * a.outputs < (i + 1) * a.size && (k + 1) * a.outputs > i * a.size;
    if (!is_taken) continue;
    if (is_pixel) weights.pixels[static_cast<std::size_t>(k)] = 1;
    weights.counted += is_pixel || count_include_pad;
  }
  return weights;
}

/// Calls f(input, output, divisor) for every pixel of every window, in a batch of planes.
template <class F>
void for_each_tap(const kernels::AvgPool2dDims& d, const F& f) {
  for (Index i = 0; i < d.h.outputs; ++i) {
    const AxisWeights rows = axis_weights(d.h, i, d.count_include_pad);
    for (Index j = 0; j < d.w.outputs; ++j) {
      const AxisWeights columns = axis_weights(d.w, j, d.count_include_pad);
      const Index divisor = d.divisor != 0 ? d.divisor : rows.counted * columns.counted;
      for (Index plane = 0; plane < d.planes; ++plane) {
        for (Index h = 0; h < d.h.size; ++h) {
          for (Index w = 0; w < d.w.size; ++w) {
            if (rows.pixels[static_cast<std::size_t>(h)] *
                    columns.pixels[static_cast<std::size_t>(w)] ==
                0)
              continue;
            f((plane * d.h.size + h) * d.w.size + w, (plane * d.h.outputs + i) * d.w.outputs + j,
              static_cast<double>(divisor));
          }
        }
      }
    }
  }
}

}  // namespace tenon::reference
