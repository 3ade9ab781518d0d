#include "tenon/kernels/layer_norm.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/base/parallel.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/layer_norm.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/norm-inl.hpp"

#ifndef TENON_SIMD_LAYER_NORM_KERNELS
#define TENON_SIMD_LAYER_NORM_KERNELS
namespace tenon::kernels {

/// Rows whose parts of dw and db are summed in registers.
inline constexpr Index row_block = 8;

/// The arrays of a backward pass; that of dx may be null.
template <class T>
struct LayerNormBackward {
  const T *dy, *x, *w;
  const double *mean, *rstd;
  T* dx;
};

/// One instruction set's loops over the rows [begin, end).
template <class T>
struct LayerNormKernels {
  using Forward = void(const LayerNormDims& d, Index begin, Index end, const T* x, const T* w,
                       const T* b, T* y, double* mean, double* rstd);
  Forward* forward;
  Forward* plain_forward;  ///< for w = 1 and b = 0, which it does not read
  /// Adds to dw and db unless these are null.
  void (*backward)(const LayerNormDims& d, Index begin, Index end,
                   const LayerNormBackward<T>& arrays, double* dw, double* db);
};

}  // namespace tenon::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

/// h = (x - mean) rstd of one row. The mean is rounded to T; what is lost is part of rest.
template <class T>
struct Normaliser {
  T mean, rstd, rest;

  Normaliser(double m, double r)
      : mean(static_cast<T>(m)),
        rstd(static_cast<T>(r)),
        rest(static_cast<T>((static_cast<double>(mean) - m) * r)) {}
  Normaliser() = default;
  HWY_INLINE Vector<T> operator()(Vector<T> x) const {
    const Tag<T> d;
    return hn::MulAdd(hn::Sub(x, hn::Set(d, mean)), hn::Set(d, rstd), hn::Set(d, rest));
  }
};

/// Where the sums of a row's distances are taken from.
template <class T>
HWY_INLINE T origin_of(const LayerNormDims& d, const T* x) {
  return d.center ? x[0] : T(0);
}

template <class T>
HWY_INLINE LaneSums row_sums(const LayerNormDims& d, const T* x) {
  return distance_sums(x, origin_of(d, x), 1, d.n, 0);
}

template <class T>
HWY_INLINE void finish_statistics(const LayerNormDims& d, double share, const T* x,
                                  SumPair first_sums, double& mean, double& rstd) {
  const auto about_mean = [&](SumPair s) { return d.center ? s : SumPair{0, s.b}; };
  const double n = static_cast<double>(d.n);
  double origin = static_cast<double>(origin_of(d, x));
  SumPair sums = about_mean(first_sums);
  if (!is_precise(sums, n)) {
    origin = better_origin(sums, origin, n);
    sums = about_mean(precise_distance_sums(x, origin, 1, d.n, 0));
  }
  const double distance = sums.a * share, squares = sums.b - sums.a * distance;
  mean = origin + distance;
  rstd = 1 / std::sqrt((squares < 0 ? 0 : squares) * share + d.eps);
}

/// Plain: without w and b.
template <bool Plain, class T>
void forward(const LayerNormDims& d, Index begin, Index end, const T* x, const T* w, const T* b,
             T* y, double* mean, double* rstd) {
  // The steps from sums to statistics wait for each other. Meanwhile the next row's sums are taken,
  // where three rows fit in the nearest cache.
  const bool ahead = d.n * static_cast<Index>(sizeof(T)) <= 1 << 13;
  const double share = 1 / static_cast<double>(d.n);
  LaneSums sums = row_sums(d, x + begin * d.n);
  for (Index r = begin; r < end; ++r) {
    const T* row = x + r * d.n;
    finish_statistics(d, share, row, sums.total(), mean[r], rstd[r]);
    if (ahead && r + 1 < end) sums = row_sums(d, row + d.n);
    const Normaliser<T> normalised(mean[r], rstd[r]);
    T* out = y + r * d.n;
    for_each_vector<T>(d.n, [=](Index i, Index n) HWY_ATTR {
      const auto h = normalised(load(row + i, n));
      store<T>(Plain ? h : hn::MulAdd(h, load(w + i, n), load(b + i, n)), out + i, n);
    });
    if (!ahead && r + 1 < end) sums = row_sums(d, row + d.n);
  }
}

template <class T>
void backward_row(const LayerNormDims& d, const T* dy, const T* x, const T* w, double mean,
                  double rstd, T* dx) {
  const Tag<T> tag;
  const Normaliser<T> normalised(mean, rstd);
  const auto weighted = [=](Index i, Index n)
                            HWY_ATTR { return hn::Mul(load(dy + i, n), load(w + i, n)); };
  const LaneSums lane_sums =
      sum_runs<T>(1, d.n, 0, [=](Index i, Index n, Vector<T>& a, Vector<T>& b) HWY_ATTR {
        const auto g = weighted(i, n);
        a = hn::Add(a, g);
        b = hn::MulAdd(g, normalised(load(x + i, n)), b);
      });
  const SumPair sums = lane_sums.total();
  const double n = static_cast<double>(d.n);
  const auto scale = hn::Set(tag, static_cast<T>(rstd));
  const auto slope = hn::Set(tag, static_cast<T>(-rstd * sums.b / n));
  // Subtracted first, so that a gradient that is the same along the row leaves nothing.
  const auto mean_g = hn::Set(tag, d.center ? static_cast<T>(sums.a / n) : T(0));
  for_each_vector<T>(d.n, [=](Index i, Index count) HWY_ATTR {
    const auto centred = hn::Sub(weighted(i, count), mean_g);
    store<T>(hn::MulAdd(normalised(load(x + i, count)), slope, hn::Mul(centred, scale)), dx + i,
             count);
  });
}

/// sums[0 .. n) += v
HWY_INLINE void accumulate(Vector<double> v, double* sums, Index n) {
  store<double>(hn::Add(load(sums, n), v), sums, n);
}
HWY_INLINE void accumulate(Vector<float> v, double* sums, Index n) {
  const hn::Half<Tag<float>> half;
  const Tag<double> d;
  const Index lower = n < lanes<double> ? n : lanes<double>;
  accumulate(hn::PromoteTo(d, hn::LowerHalf(half, v)), sums, lower);
  if (n > lower) accumulate(hn::PromoteTo(d, hn::UpperHalf(half, v)), sums + lower, n - lower);
}

/// What at most row_block rows add to dw and db, either of which may be null.
template <class T>
void add_parameter_gradients(const LayerNormDims& d, Index rows, const T* dy, const T* x,
                             const double* mean, const double* rstd, double* dw, double* db) {
  Normaliser<T> normalised[row_block];
  for (Index r = 0; r < rows; ++r) normalised[r] = Normaliser<T>(mean[r], rstd[r]);
  for_each_vector<T>(d.n, [&](Index i, Index n) HWY_ATTR {
    auto sum = hn::Zero(Tag<T>()), dot = sum;
    for (Index r = 0; r < rows; ++r) {
      const auto g = load(dy + r * d.n + i, n);
      sum = hn::Add(sum, g);
      dot = hn::MulAdd(g, normalised[r](load(x + r * d.n + i, n)), dot);
    }
    if (dw != nullptr) accumulate(dot, dw + i, n);
    if (db != nullptr) accumulate(sum, db + i, n);
  });
}

template <class T>
void backward(const LayerNormDims& d, Index begin, Index end, const LayerNormBackward<T>& a,
              double* dw, double* db) {
  for (; begin < end; begin += row_block) {
    const Index stop = HWY_MIN(end, begin + row_block);
    for (Index r = begin; r < stop && a.dx != nullptr; ++r) {
      const Index at = r * d.n;
      backward_row(d, a.dy + at, a.x + at, a.w, a.mean[r], a.rstd[r], a.dx + at);
    }
    if (dw == nullptr && db == nullptr) continue;
    const Index at = begin * d.n;
    add_parameter_gradients(d, stop - begin, a.dy + at, a.x + at, a.mean + begin, a.rstd + begin,
                            dw, db);
  }
}

template <class T>
constexpr LayerNormKernels<T> layer_norm_kernels = {&forward<false, T>, &forward<true, T>,
                                                    &backward<T>};

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {
namespace {

constexpr Index thread_elements = 1 << 14;
/// Chunks of rows with sums of their own, and the rows for which these are worth their cost.
constexpr Index most_chunks = 16, least_rows = 16;

template <class T>
const LayerNormKernels<T>& chosen() {
  static const LayerNormKernels<T>& kernels = *TENON_CHOOSE(layer_norm_kernels<T>);
  return kernels;
}

/// w, or where it is null n times what stands for it, so that the loops need not ask.
template <class T>
class Parameter {
 public:
  Parameter(const T* w, Index n, T otherwise) : values_(w == nullptr ? n : 0), w_(w) {
    if (w != nullptr) return;
    std::fill_n(values_.data(), n, otherwise);
    w_ = values_.data();
  }
  const T* data() const { return w_; }

 private:
  detail::Scratch<T> values_;
  const T* w_;
};

/// to[i] = the sum over the chunks of sums[chunk * step + i], in order.
template <class T>
void combine(const double* sums, Index chunks, Index step, Index n, T* to) {
  constexpr Index width = 64;
  for (Index begin = 0; begin < n; begin += width) {
    const Index count = std::min(width, n - begin);
    double totals[width] = {};
    for (Index chunk = 0; chunk < chunks; ++chunk) {
      const double* own = sums + chunk * step + begin;
      for (Index i = 0; i < count; ++i) totals[i] += own[i];
    }
    for (Index i = 0; i < count; ++i) to[begin + i] = static_cast<T>(totals[i]);
  }
}

}  // namespace

template <class T>
void layer_norm_forward(const LayerNormDims& d, const T* x, const T* w, const T* b, T* y,
                        double* mean, double* rstd) {
  const detail::FlushDenormals flush;
  count_layer_norm<T>(d);
  if (d.n == 0) return;
  const bool plain = w == nullptr && b == nullptr;
  const auto run = plain ? chosen<T>().plain_forward : chosen<T>().forward;
  const Parameter<T> scale(w, plain ? 0 : d.n, T(1)), shift(b, plain ? 0 : d.n, T(0));
  parallel_for(d.rows, std::max<Index>(1, thread_elements / d.n), [&](Index begin, Index end) {
    run(d, begin, end, x, scale.data(), shift.data(), y, mean, rstd);
  });
}

template <class T>
void layer_norm_backward(const LayerNormDims& d, const T* dy, const T* x, const T* w,
                         const double* mean, const double* rstd, T* dx, T* dw, T* db) {
  const detail::FlushDenormals flush;
  count_layer_norm_backward<T>(d);
  if (d.n == 0) return;
  const Parameter<T> scale(w, d.n, T(1));
  const LayerNormBackward<T> arrays{dy, x, scale.data(), mean, rstd, dx};
  const Index grain =
      std::max({thread_elements / d.n, chunk_count(d.rows, most_chunks), least_rows});
  const Index chunks = chunk_count(d.rows, grain), step = 2 * d.n;
  const bool has_sums = dw != nullptr || db != nullptr;
  detail::Scratch<double> sums(has_sums ? chunks * step : 0);
  if (has_sums) std::fill_n(sums.data(), chunks * step, 0.0);
  parallel_chunks(d.rows, grain, [&](Index chunk, Index begin, Index end) {
    double* own = sums.data() + chunk * step;
    chosen<T>().backward(d, begin, end, arrays, dw == nullptr ? nullptr : own,
                         db == nullptr ? nullptr : own + d.n);
  });
  if (dw != nullptr) combine(sums.data(), chunks, step, d.n, dw);
  if (db != nullptr) combine(sums.data() + d.n, chunks, step, d.n, db);
}

#define TENON_INSTANTIATE(T)                                                                  \
  template void layer_norm_forward<T>(const LayerNormDims&, const T*, const T*, const T*, T*, \
                                      double*, double*);                                      \
  template void layer_norm_backward<T>(const LayerNormDims&, const T*, const T*, const T*,    \
                                       const double*, const double*, T*, T*, T*);

TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
#endif  // HWY_ONCE
