#include <cmath>

#include "kernels/simd/batch_norm_plan.hpp"
#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"
#include "tenon/kernels/batch_norm.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/batch_norm_backward.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/norm-inl.hpp"

#ifndef TENON_SIMD_BATCH_NORM_BACKWARD_KERNELS
#define TENON_SIMD_BATCH_NORM_BACKWARD_KERNELS
namespace tenon::kernels {

/// dx = (x - mean) slope + (dy scale + shift). The mean is rounded to T; what is lost is part of
/// the shift.
template <class T>
struct ChannelGradient {
  T mean, slope, scale, shift;
};

/// The same with a number for each column.
template <class T>
struct ColumnGradient {
  T *mean, *slope, *scale, *shift;
};

/// One instruction set's loops; see BatchNormKernels. The sums are those of dy and of dy (x -
/// mean), the mean rounded to T.
template <class T>
struct BatchNormBackwardKernels {
  SumPair (*sums)(const T* dy, const T* x, T mean, Index runs, Index length, Index stride);
  void (*apply)(const T* dy, const T* x, const ChannelGradient<T>& map, Index runs, Index length,
                Index stride, T* dx);
  void (*column_sums)(const T* dy, const T* x, const double* mean, Index rows, Index stride,
                      Index width, SumPair* sums);
  void (*column_apply)(const T* dy, const T* x, const ColumnGradient<T>& map, Index rows,
                       Index width, T* dx);
};

}  // namespace tenon::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

template <class T>
SumPair sums(const T* dy, const T* x, T mean, Index runs, Index length, Index stride) {
  const auto m = hn::Set(Tag<T>(), mean);
  const LaneSums all =
      sum_runs<T>(runs, length, stride, [&](Index i, Index n, Vector<T>& a, Vector<T>& b) HWY_ATTR {
        const auto g = load(dy + i, n);
        a = hn::Add(a, g);
        b = hn::MulAdd(g, hn::Sub(load(x + i, n), m), b);
      });
  return all.total();
}

template <class T>
void apply(const T* dy, const T* x, const ChannelGradient<T>& map, Index runs, Index length,
           Index stride, T* dx) {
  const Tag<T> d;
  const auto mean = hn::Set(d, map.mean), slope = hn::Set(d, map.slope);
  const auto scale = hn::Set(d, map.scale), shift = hn::Set(d, map.shift);
  for (Index run = 0; run < runs; ++run, dy += stride, x += stride, dx += stride) {
    for_each_vector<T>(length, [&](Index i, Index n) HWY_ATTR {
      const auto straight = hn::MulAdd(load(dy + i, n), scale, shift);
      store<T>(hn::MulAdd(hn::Sub(load(x + i, n), mean), slope, straight), dx + i, n);
    });
  }
}

template <class T>
void column_sums(const T* dy, const T* x, const double* mean, Index rows, Index stride, Index width,
                 SumPair* sums) {
  sum_columns(
      rows, stride, width,
      [&](Index i, Index j, Index n, Vector<double>& a, Vector<double>& b) HWY_ATTR {
        const auto g = as_doubles(dy + i, n);
        a = hn::Add(a, g);
        b = hn::MulAdd(g, hn::Sub(as_doubles(x + i, n), as_doubles(mean + j, n)), b);
      },
      sums);
}

template <class T>
void column_apply(const T* dy, const T* x, const ColumnGradient<T>& map, Index rows, Index width,
                  T* dx) {
  for (Index row = 0; row < rows; ++row, dy += width, x += width, dx += width) {
    for_each_vector<T>(width, [&](Index i, Index n) HWY_ATTR {
      const auto centred = hn::Sub(load(x + i, n), load(map.mean + i, n));
      const auto straight =
          hn::MulAdd(load(dy + i, n), load(map.scale + i, n), load(map.shift + i, n));
      store<T>(hn::MulAdd(centred, load(map.slope + i, n), straight), dx + i, n);
    });
  }
}

template <class T>
constexpr BatchNormBackwardKernels<T> batch_norm_backward_kernels = {
    &sums<T>, &apply<T>, &column_sums<T>, &column_apply<T>};

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {
namespace {

template <class T>
const BatchNormBackwardKernels<T>& chosen() {
  static const BatchNormBackwardKernels<T>& kernels = *TENON_CHOOSE(batch_norm_backward_kernels<T>);
  return kernels;
}

/// The arguments of batch_norm_backward.
template <class T>
struct Backward {
  const BatchNormDims& d;
  const T *dy, *x, *w;
  const double *mean, *variance;
  T *dx, *dw, *db;

  T rounded_mean(Index channel) const { return static_cast<T>(mean[channel]); }

  /// Takes the sums of a channel's parts; dw, db and what dx is made with follow from them.
  ChannelGradient<T> finish(Index channel, const SumPair* parts, Index count) const {
    SumPair total{0, 0};
    for (Index p = 0; p < count; ++p) {
      total.a += parts[p].a;
      total.b += parts[p].b;
    }
    const double n = static_cast<double>(d.n * d.inner);
    const double rstd = 1 / std::sqrt(variance[channel] + d.eps);
    const double lost = static_cast<double>(rounded_mean(channel)) - mean[channel];
    const double dot = total.b + lost * total.a;  // of dy and x - mean
    if (dw != nullptr) dw[channel] = static_cast<T>(dot * rstd);
    if (db != nullptr) db[channel] = static_cast<T>(total.a);
    const double scale = w == nullptr ? rstd : static_cast<double>(w[channel]) * rstd;
    const double slope = -scale * rstd * rstd * dot / n;
    return {rounded_mean(channel), static_cast<T>(slope), static_cast<T>(scale),
            static_cast<T>(lost * slope - scale * total.a / n)};
  }
};

template <class T>
void backward_by_planes(const Backward<T>& a) {
  const ChannelParts part(a.d);
  const Index parts = part.count(), plane = a.d.c * a.d.inner;
  detail::Scratch<SumPair> sums(a.d.c * parts);
  detail::Scratch<ChannelGradient<T>> gradients(a.d.c);
  part.run(
      [&](Index channel, Index p) {
        const auto [first, runs, length] = part(channel, p);
        sums[channel * parts + p] = chosen<T>().sums(a.dy + first, a.x + first,
                                                     a.rounded_mean(channel), runs, length, plane);
      },
      [&](Index channel) {
        gradients[channel] = a.finish(channel, sums.data() + channel * parts, parts);
      },
      [&](Index channel, Index p) {
        if (a.dx == nullptr) return;
        const auto [first, runs, length] = part(channel, p);
        chosen<T>().apply(a.dy + first, a.x + first, gradients[channel], runs, length, plane,
                          a.dx + first);
      });
}

template <class T>
void backward_by_columns(const Backward<T>& a) {
  const BatchNormDims& d = a.d;
  const Index parts = chunk_count(d.n, tile_rows), row = d.c * d.inner;
  detail::Scratch<SumPair> sums(d.c * parts);
  detail::Scratch<double> means(row);
  for (Index i = 0; i < row; ++i) means[i] = static_cast<double>(a.rounded_mean(i / d.inner));
  for_each_tile(d, [&](Index channel, Index channels, Index first, Index rows, Index part) {
    SumPair columns[tile_columns];
    const Index column = channel * d.inner, at = first * row + column;
    chosen<T>().column_sums(a.dy + at, a.x + at, means.data() + column, rows, row,
                            channels * d.inner, columns);
    for (Index k = 0; k < channels; ++k) {
      SumPair& total = sums[(channel + k) * parts + part] = {};
      for (Index i = k * d.inner; i < (k + 1) * d.inner; ++i) {
        total.a += columns[i].a;
        total.b += columns[i].b;
      }
    }
  });

  detail::Scratch<T> columns(4 * row);
  T* first = columns.data();
  const ColumnGradient<T> map{first, first + row, first + 2 * row, first + 3 * row};
  for (Index channel = 0; channel < d.c; ++channel) {
    const auto g = a.finish(channel, sums.data() + channel * parts, parts);
    for (Index i = channel * d.inner; i < (channel + 1) * d.inner; ++i) {
      map.mean[i] = g.mean;
      map.slope[i] = g.slope;
      map.scale[i] = g.scale;
      map.shift[i] = g.shift;
    }
  }
  if (a.dx == nullptr) return;
  for_each_band(d, [&](Index begin, Index rows) {
    const Index at = begin * row;
    chosen<T>().column_apply(a.dy + at, a.x + at, map, rows, row, a.dx + at);
  });
}

}  // namespace

template <class T>
void batch_norm_backward(const BatchNormDims& d, bool of_batch, const T* dy, const T* x, const T* w,
                         const double* mean, const double* variance, T* dx, T* dw, T* db) {
  const detail::FlushDenormals flush;
  count_batch_norm_backward<T>(d);
  if (d.n * d.c * d.inner == 0) {
    if (dw != nullptr) std::fill_n(dw, d.c, T(0));
    if (db != nullptr) std::fill_n(db, d.c, T(0));
    return;
  }
  const auto run = by_columns(d) ? &backward_by_columns<T> : &backward_by_planes<T>;
  if (of_batch) return run({d, dy, x, w, mean, variance, dx, dw, db});
  if (dw != nullptr || db != nullptr) run({d, dy, x, w, mean, variance, nullptr, dw, db});
  if (dx == nullptr) return;
  detail::Scratch<double> zeros(d.c);
  std::fill_n(zeros.data(), d.c, 0.0);
  batch_norm_inference<T>(d, dy, w, nullptr, zeros.data(), variance, dx);
}

#define TENON_INSTANTIATE(T)                                                                     \
  template void batch_norm_backward<T>(const BatchNormDims&, bool, const T*, const T*, const T*, \
                                       const double*, const double*, T*, T*, T*);

TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
#endif  // HWY_ONCE
