#include "tenon/kernels/max_pool2d.hpp"

#include "kernels/reference/planes.hpp"
#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/max_pool2d.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

/// The pixels from[k stride] for k < n, at most a vector. Stride is 1, 2, or 0 for any other.
template <int Stride, class T>
HWY_INLINE Vector<T> load_spaced(const T* from, Index stride, Index n) {
  const Tag<T> d;
  if constexpr (Stride == 1) return load_first(from, n);
  if constexpr (Stride == 2) return Pairs<T>(from, 2 * n - 1).even;
  HWY_ALIGN T values[lanes<T>] = {};
  for (Index k = 0; k < n; ++k) values[k] = from[k * stride];
  return hn::Load(d, values);
}

template <class T>
struct Best {
  using Integers = hn::RebindToSigned<Tag<T>>;
  Vector<T> value;
  hn::Vec<Integers> position;  // of the pixel in its plane

  HWY_INLINE void offer(Vector<T> v, hn::Vec<Integers> at) {
    const Integers di;
    // The first of equal pixels stays; what is not a number beats all, the first of them stays,
    // too.
    const auto is_first_nan = hn::AndNot(hn::IsNaN(value), hn::IsNaN(v));
    const auto better = hn::Or(hn::Gt(v, value), is_first_nan);
    value = hn::IfThenElse(better, v, value);
    position = hn::IfThenElse(hn::RebindMask(di, better), at, position);
  }

  HWY_INLINE void store(T* y, std::int32_t* argmax, Index n, bool relu) const {
    store_first<T>(relu ? zero_where_not_positive(value, value) : value, y, n);
    if (argmax == nullptr) return;
    if constexpr (sizeof(T) == sizeof(std::int32_t)) {
      store_first<std::int32_t>(position, argmax, n);
    } else {
      HWY_ALIGN hn::TFromD<Integers> positions[lanes<T>];
      hn::Store(position, Integers(), positions);
      for (Index k = 0; k < n; ++k) argmax[k] = static_cast<std::int32_t>(positions[k]);
    }
  }
};

/// The taps of a window that are inside the image, [first, last) on each axis; start is the place
/// of tap 0.
struct Taps {
  Index start, first, last;

  Taps(Index start_, Index step, Index size, Index taps) : start(start_), first(0), last(taps) {
    if (start < 0) first = (-start + step - 1) / step;
    if (start + (taps - 1) * step >= size) last = start >= size ? 0 : (size - 1 - start) / step + 1;
  }
};

/// n outputs (at most a vector) whose windows have the same taps inside the image.
template <int Stride, class T>
HWY_INLINE void pool(const Pool2dDims& d, const T* image, const Taps& rows, const Taps& columns,
                     Index n, T* y, std::int32_t* argmax, bool relu) {
  using Integers = typename Best<T>::Integers;
  using Integer = hn::TFromD<Integers>;
  const Integers di;
  const auto steps = hn::Mul(hn::Iota(di, 0), hn::Set(di, static_cast<Integer>(d.stride_w)));
  const auto load = [&](Index at)
                        HWY_ATTR { return load_spaced<Stride>(image + at, d.stride_w, n); };
  const auto position = [&](Index at) HWY_ATTR {
    return hn::Add(steps, hn::Set(di, static_cast<Integer>(at)));
  };
  const Index corner = (rows.start + rows.first * d.dilation_h) * d.w + columns.start;
  const Index first = corner + columns.first * d.dilation_w;
  Best<T> best{load(first), position(first)};
  for (Index p = rows.first; p < rows.last; ++p) {
    const Index row = (rows.start + p * d.dilation_h) * d.w + columns.start;
    for (Index q = columns.first + (p == rows.first); q < columns.last; ++q) {
      const Index at = row + q * d.dilation_w;
      best.offer(load(at), position(at));
    }
  }
  best.store(y, argmax, n, relu);
}

/// v where it is larger than value or the first that is not a number.
template <class V>
HWY_INLINE V larger(V value, V v) {
  const auto is_first_nan = hn::AndNot(hn::IsNaN(value), hn::IsNaN(v));
  return hn::IfThenElse(hn::Or(hn::Gt(v, value), is_first_nan), v, value);
}

/// The outputs of two rows of pixels, two by two, from `at` on in the plane.
template <class T>
HWY_INLINE void store_pairs(const Pool2dDims& d, const Pairs<T>& above, const Pairs<T>& below,
                            Index at, Index n, T* y, std::int32_t* argmax, bool relu) {
  if (argmax == nullptr) {
    const auto v = larger(larger(larger(above.even, above.odd), below.even), below.odd);
    store_first<T>(relu ? zero_where_not_positive(v, v) : v, y, n);
    return;
  }
  using Integers = typename Best<T>::Integers;
  using Integer = hn::TFromD<Integers>;
  const Integers di;
  const auto one = hn::Set(di, Integer{1});
  const auto upper = hn::Add(hn::Mul(hn::Iota(di, 0), hn::Set(di, Integer{2})),
                             hn::Set(di, static_cast<Integer>(at)));
  const auto lower = hn::Add(upper, hn::Set(di, static_cast<Integer>(d.w)));
  Best<T> best{above.even, upper};
  best.offer(above.odd, hn::Add(upper, one));
  best.offer(below.even, lower);
  best.offer(below.odd, hn::Add(lower, one));
  best.store(y, argmax, n, relu);
}

/// The commonest windows, 2 x 2 with stride 2 and no padding: each pixel is loaded once. Whole
/// vectors are written where what lies behind the row comes later.
template <class T>
void pool_plane_in_pairs(const Pool2dDims& d, const T* image, T* y, std::int32_t* argmax,
                         bool relu) {
  const Index pixels = d.h * d.w, outputs = d.out_h * d.out_w;
  for (Index i = 0; i < d.out_h; ++i) {
    for (Index j = 0; j < d.out_w; j += lanes<T>) {
      const Index at = 2 * (i * d.w + j), first = i * d.out_w + j;
      const T* pixel = image + at;
      std::int32_t* taken = argmax == nullptr ? nullptr : argmax + first;
      if (at + d.w + 2 * lanes<T> <= pixels && first + lanes<T> <= outputs) {
        store_pairs(d, Pairs<T>(pixel), Pairs<T>(pixel + d.w), at, lanes<T>, y + first, taken,
                    relu);
      } else {
        const Index n = d.out_w - j < lanes<T> ? d.out_w - j : lanes<T>;
        store_pairs(d, Pairs<T>(pixel, 2 * n), Pairs<T>(pixel + d.w, 2 * n), at, n, y + first,
                    taken, relu);
      }
    }
  }
}

template <int Stride, class T>
void pool_plane(const Pool2dDims& d, const T* image, T* y, std::int32_t* argmax, bool relu) {
  const Index span = (d.kw - 1) * d.dilation_w;
  const Index inside = d.w - 1 - span + d.pad_w;  // the last column of a whole window, from -pad_w
  const Index end = inside < 0 ? 0 : inside / d.stride_w + 1;  // the first output beyond it
  for (Index i = 0; i < d.out_h; ++i) {
    const Taps rows(i * d.stride_h - d.pad_h, d.dilation_h, d.h, d.kh);
    for (Index j = 0; j < d.out_w;) {
      const Taps columns(j * d.stride_w - d.pad_w, d.dilation_w, d.w, d.kw);
      Index n = 1;  // windows that reach into the padding are taken one by one
      if (columns.start >= 0 && j < end) {
        n = end < d.out_w ? end - j : d.out_w - j;
        n = n < lanes<T> ? n : lanes<T>;
      }
      const Index first = i * d.out_w + j;
      pool<Stride>(d, image, rows, columns, n, y + first,
                   argmax == nullptr ? nullptr : argmax + first, relu);
      j += n;
    }
  }
}

template <class T>
void pool_any_plane(const Pool2dDims& d, const T* image, T* y, std::int32_t* argmax, bool relu) {
  const bool in_pairs = d.kh == 2 && d.kw == 2 && d.stride_h == 2 && d.stride_w == 2 &&
                        d.pad_h == 0 && d.pad_w == 0 && d.dilation_h == 1 && d.dilation_w == 1;
  if (in_pairs) return pool_plane_in_pairs(d, image, y, argmax, relu);
  switch (d.stride_w) {
    case 1:
      return pool_plane<1>(d, image, y, argmax, relu);
    case 2:
      return pool_plane<2>(d, image, y, argmax, relu);
    default:
      return pool_plane<0>(d, image, y, argmax, relu);
  }
}

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {

template <class T>
void max_pool2d_forward(const Pool2dDims& d, const T* x, T* y, std::int32_t* argmax, bool relu) {
  count_max_pool2d<T>(d);
  const detail::FlushDenormals flush;
  static const auto pool_plane = TENON_CHOOSE(pool_any_plane<T>);
  const Index pixels = d.h * d.w, outputs = d.out_h * d.out_w;
  for_each_plane(d, [&](Index plane) {
    pool_plane(d, x + plane * pixels, y + plane * outputs,
               argmax == nullptr ? nullptr : argmax + plane * outputs, relu);
  });
}

template void max_pool2d_forward<float>(const Pool2dDims&, const float*, float*, std::int32_t*,
                                        bool);
template void max_pool2d_forward<double>(const Pool2dDims&, const double*, double*, std::int32_t*,
                                         bool);

}  // namespace tenon::kernels
#endif  // HWY_ONCE
