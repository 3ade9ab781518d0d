#include <concepts>

#include "kernels/reference/max_pool2d_scatter.hpp"
#include "kernels/reference/planes.hpp"
#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/max_pool2d_backward.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

using Integers = hn::RebindToSigned<Tag<float>>;

/// The gradients of outputs [first, first + n), at most a vector.
HWY_INLINE Vector<float> output_gradients(const float* dy, const float* y, Index first, Index n) {
  const auto g = load_first(dy + first, n);
  return y == nullptr ? g : zero_where_not_positive(load_first(y + first, n), g);
}

/// Windows of 2 x 2 pixels that do not overlap: each pixel asks its one output whether it was
/// taken, so that dx is written once, row by row. Whole vectors are written where what lies behind
/// the row comes later.
void scatter_pairs(const Pool2dDims& d, const float* dy, const std::int32_t* argmax, const float* y,
                   float* dx) {
  const Tag<float> df;
  const Integers di;
  const auto two = hn::Iota(di, 0), steps = hn::Add(two, two), one = hn::Set(di, 1);
  for (Index row = 0; row < 2 * d.out_h; ++row) {
    float* line = dx + row * d.w;
    for (Index j = 0; j < d.out_w; j += lanes<float>) {
      const Index first = row / 2 * d.out_w + j, at = row * d.w + 2 * j;
      const Index n = d.out_w - j < lanes<float> ? d.out_w - j : lanes<float>;
      const auto g = output_gradients(dy, y, first, n);
      const auto taken = load_first(argmax + first, n);
      const auto position = hn::Add(steps, hn::Set(di, static_cast<std::int32_t>(at)));
      const auto even = hn::IfThenElseZero(hn::RebindMask(df, hn::Eq(taken, position)), g);
      const auto odd =
          hn::IfThenElseZero(hn::RebindMask(df, hn::Eq(taken, hn::Add(position, one))), g);
      if (at + 2 * lanes<float> <= d.h * d.w) {
        hn::StoreInterleaved2(even, odd, df, line + 2 * j);
      } else {
        HWY_ALIGN float both[2 * lanes<float>];
        hn::StoreInterleaved2(even, odd, df, both);
        for (Index k = 0; k < 2 * n; ++k) line[2 * j + k] = both[k];
      }
    }
    for (Index w = 2 * d.out_w; w < d.w; ++w) line[w] = 0;
  }
  for (Index k = 2 * d.out_h * d.w; k < d.h * d.w; ++k) dx[k] = 0;
}

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {

template <class T>
void max_pool2d_backward(const Pool2dDims& d, const T* dy, const std::int32_t* argmax, const T* y,
                         T* dx) {
  count_max_pool2d_backward<T>(d);
  const detail::FlushDenormals flush;
  auto scatter = &scatter_plane<T>;
  if constexpr (std::same_as<T, float>) {
    const bool in_pairs = d.kh == 2 && d.kw == 2 && d.stride_h == 2 && d.stride_w == 2 &&
                          d.pad_h == 0 && d.pad_w == 0 && d.dilation_h == 1 && d.dilation_w == 1;
    if (in_pairs) scatter = TENON_CHOOSE(scatter_pairs);
  }
  const Index outputs = d.out_h * d.out_w;
  for_each_plane(d, [&](Index plane) {
    const Index first = plane * outputs;
    scatter(d, dy + first, argmax + first, y == nullptr ? y : y + first, dx + plane * d.h * d.w);
  });
}

#define TENON_INSTANTIATE(T)                                                                       \
  template void max_pool2d_backward<T>(const Pool2dDims&, const T*, const std::int32_t*, const T*, \
                                       T*);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::kernels
#endif  // HWY_ONCE
