#include "tenon/kernels/avg_pool2d.hpp"

#include <concepts>

#include "kernels/reference/avg_pool2d_plane.hpp"
#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/avg_pool2d.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/vector-inl.hpp"

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

/// A quarter of each gradient to its square of 2 x 2 pixels. Each row of pixels is written once.
void spread_squares(const AvgPool2dDims& d, const float* dy, float* dx) {
  const Tag<float> df;
  const auto quarter = hn::Set(df, 0.25f);
  const Index width = d.w.size, outputs = d.w.outputs;
  for (Index i = 0; i < d.h.outputs; ++i, dx += 2 * width, dy += outputs) {
    Index j = 0;
    for (; j + lanes<float> <= outputs; j += lanes<float>) {
      const auto g = hn::Mul(hn::LoadU(df, dy + j), quarter);
      hn::StoreInterleaved2(g, g, df, dx + 2 * j);
      hn::StoreInterleaved2(g, g, df, dx + width + 2 * j);
    }
    for (; j < outputs; ++j) {
      const float g = dy[j] * 0.25f;
      dx[2 * j] = dx[2 * j + 1] = dx[width + 2 * j] = dx[width + 2 * j + 1] = g;
    }
    for (Index w = 2 * outputs; w < width; ++w) dx[w] = dx[width + w] = 0;
  }
  std::fill_n(dx, (d.h.size - 2 * d.h.outputs) * width, 0.0f);
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
  if (is_global(d)) {
    const auto divisor = static_cast<double>(first_divisor(d));
    return for_each_pooled_plane<double>(d, [&](double*, Index plane) {
      y[plane] = static_cast<T>(sum_plane(x + plane * pixels, pixels) / divisor);
    });
  }
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
