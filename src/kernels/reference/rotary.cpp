#include "tenon/kernels/rotary.hpp"

#include <algorithm>
#include <cmath>

#include "elementwise_loop.hpp"
#include "tenon/base/memory.hpp"

namespace tenon::kernels {
namespace {

/// table[l] = the d/2 cosines, then the d/2 sines of position offset + l. A position is a multiple
/// of `block` plus a rest; the angles' sum takes four products where sine and cosine would take
/// ten times as long. Chunks write disjoint columns.
template <class T>
void fill_table(const RotaryDims& dims, T* table) {
  constexpr Index block = 32;
  const Index half = dims.d / 2;
  const double sign = dims.inverse ? -1 : 1;
  parallel_for(half, std::max<Index>(1, costly_grain / dims.length), [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      const double frequency =
          std::pow(dims.base, static_cast<double>(-2 * i) / static_cast<double>(dims.d));
      double rest_cos[block], rest_sin[block], cos = 1, sin = 0;
      for (Index l = 0; l < std::min(dims.length, block); ++l) {
        const Index rest = (dims.offset + l) % block;
        rest_cos[rest] = std::cos(static_cast<double>(rest) * frequency);
        rest_sin[rest] = std::sin(static_cast<double>(rest) * frequency);
      }
      for (Index l = 0; l < dims.length; ++l) {
        const Index rest = (dims.offset + l) % block;
        if (l == 0 || rest == 0) {
          const double angle = static_cast<double>(dims.offset + l - rest) * frequency;
          cos = std::cos(angle);
          sin = std::sin(angle);
        }
        T* row = table + l * dims.d + i;
        row[0] = static_cast<T>(cos * rest_cos[rest] - sin * rest_sin[rest]);
        row[half] = static_cast<T>(sign * (sin * rest_cos[rest] + cos * rest_sin[rest]));
      }
    }
  });
}

/// Pairs stand `gap` apart, one pair `next` behind the other.
template <class T>
void rotate(const T* x, Index step, const T* cos, const T* sin, Index half, Index gap, Index next,
            T* y) {
  TENON_INDEPENDENT
  for (Index i = 0; i < half; ++i) {
    const Index k = i * next;
    const T a = x[k * step], b = x[(k + gap) * step];
    y[k] = a * cos[i] - b * sin[i];
    y[k + gap] = a * sin[i] + b * cos[i];
  }
}

}  // namespace

template <class T>
void rotary(const RotaryDims& dims, const ElementwiseDims<1>& layout, const T* x, T* y) {
  count_elementwise<3, T, T>(layout);
  if (layout.numel == 0) return;
  const detail::FlushDenormals flush;
  const Index d = dims.d, half = d / 2, step = last_stride(layout, 0);
  detail::Scratch<T> table(dims.length * d);
  fill_table(dims, table.data());
  const Index gap = dims.halves ? half : 1, next = dims.halves ? 1 : 2;
  const Index grain = std::max<Index>(1, cheap_grain / d);
  parallel_for(layout.numel / d, grain, [&](Index begin, Index end) {
    // The last axis of the layout holds whole rows: axes are only ever merged.
    for_each_run(layout, begin * d, end * d, [&](Index position, Index n, const Index* offsets) {
      for (Index i = 0; i < n; i += d) {
        const T* cos = table.data() + (position + i) / d % dims.length * d;
        const T* in = x + offsets[0] + i * step;
        if (step == 1 && dims.halves) {
          rotate<T>(in, 1, cos, cos + half, half, half, 1, y + position + i);
        } else if (step == 1) {
          rotate<T>(in, 1, cos, cos + half, half, 1, 2, y + position + i);
        } else {
          rotate<T>(in, step, cos, cos + half, half, gap, next, y + position + i);
        }
      }
    });
  });
}

#define TENON_INSTANTIATE(T) \
  template void rotary<T>(const RotaryDims&, const ElementwiseDims<1>&, const T*, T*);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
