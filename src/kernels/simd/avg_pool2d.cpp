#include "tenon/kernels/avg_pool2d.hpp"

#include <algorithm>
#include <concepts>

#include "kernels/reference/avg_pool2d_plane.hpp"
#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/avg_pool2d.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/loop-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

/// A quarter of the sum of each square of 2 x 2 pixels.
void average_squares(const AvgPool2dDims& d, const float* x, float* y) {
  const auto quarter = hn::Set(Tag<float>(), 0.25f);
  const auto average = [&](const Pairs<float>& above, const Pairs<float>& below) HWY_ATTR {
    return hn::Mul(hn::Add(hn::Add(above.even, above.odd), hn::Add(below.even, below.odd)),
                   quarter);
  };
  const Index width = d.w.size, outputs = d.w.outputs;
  for (Index i = 0; i < d.h.outputs; ++i, x += 2 * width, y += outputs) {
    Index j = 0;
    for (; j + lanes<float> <= outputs; j += lanes<float>) {
      const auto v = average(Pairs<float>(x + 2 * j), Pairs<float>(x + width + 2 * j));
      hn::StoreU(v, Tag<float>(), y + j);
    }
    if (const Index n = outputs - j; n > 0) {
      store_first(average(Pairs<float>(x + 2 * j, 2 * n), Pairs<float>(x + width + 2 * j, 2 * n)),
                  y + j, n);
    }
  }
}

/// A quarter of each gradient to its square of 2 x 2 pixels, row by row. Whole vectors are written
/// where what lies behind the row comes later.
void spread_squares(const AvgPool2dDims& d, const float* dy, float* dx) {
  const Tag<float> df;
  const auto quarter = hn::Set(df, 0.25f);
  const Index width = d.w.size, outputs = d.w.outputs, pixels = d.h.size * width;
  for (Index row = 0; row < 2 * d.h.outputs; ++row) {
    const float* gradients = dy + row / 2 * outputs;
    float* line = dx + row * width;
    for (Index j = 0; j < outputs; j += lanes<float>) {
      const Index n = outputs - j < lanes<float> ? outputs - j : lanes<float>;
      const auto g = hn::Mul(load_first(gradients + j, n), quarter);
      if (row * width + 2 * (j + lanes<float>) <= pixels) {
        hn::StoreInterleaved2(g, g, df, line + 2 * j);
      } else {
        for (Index k = j; k < j + n; ++k) line[2 * k] = line[2 * k + 1] = gradients[k] * 0.25f;
      }
    }
    for (Index w = 2 * outputs; w < width; ++w) line[w] = 0;
  }
  std::fill(dx + 2 * d.h.outputs * width, dx + pixels, 0.0f);
}

/// y[i] = the sum of plane i's pixels / divisor; the planes lie one after another.
void average_planes(const float* x, Index planes, Index pixels, double divisor, float* y) {
  const Tag<double> d;
  constexpr Index step = lanes<double>;
  for (Index plane = 0; plane < planes; ++plane, x += pixels) {
    auto even = hn::Zero(d), odd = hn::Zero(d);
    Index k = 0;
    for (; k + 2 * step <= pixels; k += 2 * step) {
      even = hn::Add(even, as_doubles(d, x + k));
      odd = hn::Add(odd, as_doubles(d, x + k + step));
    }
    for (; k + step <= pixels; k += step) even = hn::Add(even, as_doubles(d, x + k));
    double sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd)));
    for (; k < pixels; ++k) sum += static_cast<double>(x[k]);
    y[plane] = static_cast<float>(sum / divisor);
  }
}

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {
namespace {

/// Whether all windows are squares of 2 x 2 pixels inside the image, side by side.
bool is_in_squares(const AvgPool2dDims& d) {
  const auto in_pairs = [](const AvgPool2dAxis& axis) {
    return axis.kernel == 2 && axis.stride == 2 && axis.pad == 0 && 2 * axis.outputs <= axis.size;
  };
  return in_pairs(d.h) && in_pairs(d.w) && (d.divisor == 0 || d.divisor == 4);
}

template <class T>
void average_globally(const AvgPool2dDims& d, const T* x, T* y) {
  const Index pixels = d.h.size * d.w.size;
  const auto divisor = static_cast<double>(first_divisor(d));
  const Index grain = std::max<Index>(1, (1 << 17) / pixels);
  parallel_for(d.planes, grain, [&](Index begin, Index end) {
    if constexpr (std::same_as<T, float>) {
      static const auto average = TENON_CHOOSE(average_planes);
      if (pixels <= sum_block_size) {
        return average(x + begin * pixels, end - begin, pixels, divisor, y + begin);
      }
    }
    for (Index plane = begin; plane < end; ++plane) {
      y[plane] = static_cast<T>(sum_plane(x + plane * pixels, pixels) / divisor);
    }
  });
}

}  // namespace

template <class T>
void avg_pool2d_forward(const AvgPool2dDims& d, const T* x, T* y) {
  count_avg_pool2d<T>(d);
  const detail::FlushDenormals flush;
  const Index pixels = d.h.size * d.w.size, outputs = d.h.outputs * d.w.outputs;
  if constexpr (std::same_as<T, float>) {
    static const auto average = TENON_CHOOSE(average_squares);
    if (is_in_squares(d)) {
      return for_each_pooled_plane<double>(
          d, [&](double*, Index plane) { average(d, x + plane * pixels, y + plane * outputs); });
    }
  }
  if (is_global(d)) return average_globally(d, x, y);
  for_each_pooled_plane<double>(d, [&](double* line, Index plane) {
    average_plane(d, x + plane * pixels, y + plane * outputs, line);
  });
}

template <class T>
void avg_pool2d_backward(const AvgPool2dDims& d, const T* dy, T* dx) {
  count_avg_pool2d<T>(d);
  const detail::FlushDenormals flush;
  const Index pixels = d.h.size * d.w.size, outputs = d.h.outputs * d.w.outputs;
  if constexpr (std::same_as<T, float>) {
    static const auto spread = TENON_CHOOSE(spread_squares);
    if (is_in_squares(d)) {
      return for_each_pooled_plane<T>(
          d, [&](T*, Index plane) { spread(d, dy + plane * outputs, dx + plane * pixels); });
    }
  }
  if (is_global(d)) {
    const auto divisor = static_cast<T>(first_divisor(d));
    return for_each_pooled_plane<T>(
        d, [&](T*, Index plane) { std::fill_n(dx + plane * pixels, pixels, dy[plane] / divisor); });
  }
  for_each_pooled_plane<T>(d, [&](T* line, Index plane) {
    spread_plane(d, dy + plane * outputs, dx + plane * pixels, line);
  });
}

#define TENON_INSTANTIATE(T)                                               \
  template void avg_pool2d_forward<T>(const AvgPool2dDims&, const T*, T*); \
  template void avg_pool2d_backward<T>(const AvgPool2dDims&, const T*, T*);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::kernels
#endif  // HWY_ONCE
