#include "tenon/kernels/batch_norm.hpp"

#include <cmath>

#include "kernels/simd/batch_norm_plan.hpp"
#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/batch_norm.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/norm-inl.hpp"

#ifndef TENON_SIMD_BATCH_NORM_KERNELS
#define TENON_SIMD_BATCH_NORM_KERNELS
namespace tenon::kernels {

/// y = (x - mean) scale + shift. The mean is rounded to T; what is lost is part of the shift.
template <class T>
struct ChannelMap {
  T mean, scale, shift;
};

/// The same with a number for each column.
template <class T>
struct ColumnMap {
  T *mean, *scale, *shift;
};

/// One instruction set's loops over `runs` runs of `length` numbers that start `stride` apart, and
/// over the columns of `rows` rows.
template <class T>
struct BatchNormKernels {
  Moments (*moments)(const T* x, Index runs, Index length, Index stride);
  void (*apply)(const T* x, Index runs, Index length, Index stride, const ChannelMap<T>& map, T* y);
  /// The sums of x[.][j] - x[0][j] and of its square.
  void (*column_sums)(const T* x, Index rows, Index stride, Index width, SumPair* sums);
  void (*column_apply)(const T* x, Index rows, Index width, const ColumnMap<T>& map, T* y);
};

}  // namespace tenon::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

template <class T>
Moments moments(const T* x, Index runs, Index length, Index stride) {
  const double n = static_cast<double>(runs * length);
  double origin = static_cast<double>(x[0]);
  SumPair sums = distance_sums(x, x[0], runs, length, stride).total();
  if (!is_precise(sums, n)) {
    origin = better_origin(sums, origin, n);
    sums = precise_distance_sums(x, origin, runs, length, stride);
  }
  return moments_of(sums, origin, n);
}

template <class T>
void apply(const T* x, Index runs, Index length, Index stride, const ChannelMap<T>& map, T* y) {
  const Tag<T> d;
  const auto mean = hn::Set(d, map.mean), scale = hn::Set(d, map.scale);
  const auto shift = hn::Set(d, map.shift);
  for (Index run = 0; run < runs; ++run, x += stride, y += stride) {
    for_each_vector<T>(length, [&](Index i, Index n) HWY_ATTR {
      store<T>(hn::MulAdd(hn::Sub(load(x + i, n), mean), scale, shift), y + i, n);
    });
  }
}

template <class T>
void column_sums(const T* x, Index rows, Index stride, Index width, SumPair* sums) {
  sum_columns(
      rows, stride, width,
      [&](Index i, Index j, Index n, Vector<double>& a, Vector<double>& b) HWY_ATTR {
        const auto distance = hn::Sub(as_doubles(x + i, n), as_doubles(x + j, n));
        a = hn::Add(a, distance);
        b = hn::MulAdd(distance, distance, b);
      },
      sums);
}

template <class T>
void column_apply(const T* x, Index rows, Index width, const ColumnMap<T>& map, T* y) {
  for (Index row = 0; row < rows; ++row, x += width, y += width) {
    for_each_vector<T>(width, [&](Index i, Index n) HWY_ATTR {
      const auto centred = hn::Sub(load(x + i, n), load(map.mean + i, n));
      store<T>(hn::MulAdd(centred, load(map.scale + i, n), load(map.shift + i, n)), y + i, n);
    });
  }
}

template <class T>
constexpr BatchNormKernels<T> batch_norm_kernels = {&moments<T>, &apply<T>, &column_sums<T>,
                                                    &column_apply<T>};

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {
namespace {

template <class T>
const BatchNormKernels<T>& chosen() {
  static const BatchNormKernels<T>& kernels = *TENON_CHOOSE(batch_norm_kernels<T>);
  return kernels;
}

template <class T>
struct Parameters {
  const T *w, *b;
  double eps;

  ChannelMap<T> map(Index channel, double mean, double variance) const {
    const double weight = w == nullptr ? 1 : static_cast<double>(w[channel]);
    ChannelMap<T> m;
    const double scale = weight / std::sqrt(variance + eps);
    const double bias = b == nullptr ? 0 : static_cast<double>(b[channel]);
    m.mean = static_cast<T>(mean);
    m.scale = static_cast<T>(scale);
    m.shift = static_cast<T>(bias + (static_cast<double>(m.mean) - mean) * scale);
    return m;
  }
};

template <class T>
void training_by_planes(const BatchNormDims& d, const Parameters<T>& parameters, const T* x, T* y,
                        double* mean, double* variance) {
  const ChannelParts part(d);
  const Index parts = part.count(), plane = d.c * d.inner;
  detail::Scratch<Moments> moments(d.c * parts);
  part.run(
      [&](Index channel, Index p) {
        const auto [first, runs, length] = part(channel, p);
        moments[channel * parts + p] = chosen<T>().moments(x + first, runs, length, plane);
      },
      [&](Index channel) {
        Moments all;
        for (Index p = 0; p < parts; ++p) all.add(moments[channel * parts + p]);
        mean[channel] = all.mean;
        variance[channel] = all.variance();
      },
      [&](Index channel, Index p) {
        const auto [first, runs, length] = part(channel, p);
        const auto map = parameters.map(channel, mean[channel], variance[channel]);
        chosen<T>().apply(x + first, runs, length, plane, map, y + first);
      });
}

/// One chunk of columns belongs to one channel.
template <class T>
void column_statistics(const BatchNormDims& d, const T* x, double* mean, double* variance) {
  const Index parts = chunk_count(d.n, tile_rows), row = d.c * d.inner;
  detail::Scratch<Moments> moments(d.c * parts);
  for_each_tile(d, [&](Index channel, Index channels, Index first, Index rows, Index part) {
    SumPair sums[tile_columns];
    const T* tile = x + first * row + channel * d.inner;
    chosen<T>().column_sums(tile, rows, row, channels * d.inner, sums);
    for (Index k = 0; k < channels; ++k) {
      Moments& all = moments[(channel + k) * parts + part] = {};
      for (Index i = k * d.inner; i < (k + 1) * d.inner; ++i) {
        all.add(moments_of(sums[i], static_cast<double>(tile[i]), static_cast<double>(rows)));
      }
    }
  });
  for (Index channel = 0; channel < d.c; ++channel) {
    Moments all;
    for (Index p = 0; p < parts; ++p) all.add(moments[channel * parts + p]);
    mean[channel] = all.mean;
    variance[channel] = all.variance();
  }
}

template <class T>
void apply_by_columns(const BatchNormDims& d, const Parameters<T>& parameters, const T* x,
                      const double* mean, const double* variance, T* y) {
  const Index row = d.c * d.inner;
  detail::Scratch<T> columns(3 * row);
  T* first = columns.data();
  const ColumnMap<T> map{first, first + row, first + 2 * row};
  for (Index channel = 0; channel < d.c; ++channel) {
    const auto m = parameters.map(channel, mean[channel], variance[channel]);
    for (Index i = channel * d.inner; i < (channel + 1) * d.inner; ++i) {
      map.mean[i] = m.mean;
      map.scale[i] = m.scale;
      map.shift[i] = m.shift;
    }
  }
  for_each_band(d, [&](Index begin, Index rows) {
    chosen<T>().column_apply(x + begin * row, rows, row, map, y + begin * row);
  });
}

}  // namespace

template <class T>
void batch_norm_training(const BatchNormDims& d, const T* x, const T* w, const T* b, T* y,
                         double* mean, double* variance) {
  const detail::FlushDenormals flush;
  count_batch_norm_training<T>(d);
  if (d.n * d.c * d.inner == 0) return;
  const Parameters<T> parameters{w, b, d.eps};
  if (!by_columns(d)) return training_by_planes(d, parameters, x, y, mean, variance);
  column_statistics(d, x, mean, variance);
  apply_by_columns(d, parameters, x, mean, variance, y);
}

template <class T>
void batch_norm_inference(const BatchNormDims& d, const T* x, const T* w, const T* b,
                          const double* mean, const double* variance, T* y) {
  const detail::FlushDenormals flush;
  count_batch_norm_inference<T>(d);
  if (d.n * d.c * d.inner == 0) return;
  const Parameters<T> parameters{w, b, d.eps};
  if (by_columns(d)) return apply_by_columns(d, parameters, x, mean, variance, y);
  parallel_for(d.n * d.c, std::max<Index>(1, thread_elements / d.inner),
               [&](Index begin, Index end) {
                 for (Index plane = begin; plane < end; ++plane) {
                   const Index channel = plane % d.c, first = plane * d.inner;
                   const auto map = parameters.map(channel, mean[channel], variance[channel]);
                   chosen<T>().apply(x + first, 1, d.inner, 0, map, y + first);
                 }
               });
}

#define TENON_INSTANTIATE(T)                                                                   \
  template void batch_norm_training<T>(const BatchNormDims&, const T*, const T*, const T*, T*, \
                                       double*, double*);                                      \
  template void batch_norm_inference<T>(const BatchNormDims&, const T*, const T*, const T*,    \
                                        const double*, const double*, T*);

TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
#endif  // HWY_ONCE
