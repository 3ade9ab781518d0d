#include "tenon/kernels/layer_norm.hpp"

#include <algorithm>
#include <cmath>

#include "elementwise_loop.hpp"
#include "kernels/work.hpp"

namespace tenon::kernels {
namespace {

/// Columns whose sums a thread takes side by side.
constexpr Index column_block = 64;

Index row_grain(const LayerNormDims& d) { return std::max<Index>(1, costly_grain / d.n); }

template <class T>
double number(const T* x, Index i) {
  return static_cast<double>(x[i]);
}

/// mean = sum x / n, rstd = 1 / sqrt(sum (x - mean)^2 / n + eps)
template <class T>
void row_statistics(const LayerNormDims& d, const T* x, double& mean, double& rstd) {
  const double n = static_cast<double>(d.n);
  mean = 0;
  if (d.center) {  // of the distances from the first one, so that equal numbers are their mean
    for (Index i = 1; i < d.n; ++i) mean += number(x, i) - number(x, 0);
    mean = number(x, 0) + mean / n;
  }
  double squares = 0;
  for (Index i = 0; i < d.n; ++i) squares += (number(x, i) - mean) * (number(x, i) - mean);
  rstd = 1 / std::sqrt(squares / n + d.eps);
}

template <class T>
void backward_row(const LayerNormDims& d, const T* dy, const T* x, const T* w, double mean,
                  double rstd, T* dx) {
  const auto weighted = [&](Index i) { return number(dy, i) * (w ? number(w, i) : 1); };
  const auto normalised = [&](Index i) { return (number(x, i) - mean) * rstd; };
  double sum = 0, dot = 0;
  for (Index i = 0; i < d.n; ++i) {
    sum += weighted(i);
    dot += weighted(i) * normalised(i);
  }
  const double n = static_cast<double>(d.n);
  const double mean_g = d.center ? sum / n : 0, mean_gh = dot / n;
  for (Index i = 0; i < d.n; ++i) {
    dx[i] = static_cast<T>(rstd * (weighted(i) - mean_g - normalised(i) * mean_gh));
  }
}

/// The columns [begin, end) of dw and db, at most column_block.
template <class T>
void backward_columns(const LayerNormDims& d, Index begin, Index end, const T* dy, const T* x,
                      const double* mean, const double* rstd, T* dw, T* db) {
  double sums[column_block] = {}, dots[column_block] = {};
  for (Index r = 0; r < d.rows; ++r) {
    for (Index i = begin; i < end; ++i) {
      const double g = number(dy, r * d.n + i);
      sums[i - begin] += g;
      dots[i - begin] += g * ((number(x, r * d.n + i) - mean[r]) * rstd[r]);
    }
  }
  for (Index i = begin; i < end; ++i) {
    if (dw != nullptr) dw[i] = static_cast<T>(dots[i - begin]);
    if (db != nullptr) db[i] = static_cast<T>(sums[i - begin]);
  }
}

}  // namespace

template <class T>
void layer_norm_forward(const LayerNormDims& d, const T* x, const T* w, const T* b, T* y,
                        double* mean, double* rstd) {
  const detail::FlushDenormals flush;
  count_layer_norm<T>(d);
  if (d.n == 0) return;
  parallel_for(d.rows, row_grain(d), [&](Index begin, Index end) {
    for (Index r = begin; r < end; ++r) {
      const T* in = x + r * d.n;
      T* out = y + r * d.n;
      row_statistics(d, in, mean[r], rstd[r]);
      for (Index i = 0; i < d.n; ++i) {
        const double h = (number(in, i) - mean[r]) * rstd[r];
        out[i] = static_cast<T>(h * (w ? number(w, i) : 1) + (b ? number(b, i) : 0));
      }
    }
  });
}

template <class T>
void layer_norm_backward(const LayerNormDims& d, const T* dy, const T* x, const T* w,
                         const double* mean, const double* rstd, T* dx, T* dw, T* db) {
  const detail::FlushDenormals flush;
  count_layer_norm_backward<T>(d);
  if (d.n == 0) return;
  if (dw != nullptr || db != nullptr) {
    parallel_for(d.n, column_block, [&](Index begin, Index end) {
      for (Index i = begin; i < end; i += column_block) {
        backward_columns(d, i, std::min(i + column_block, end), dy, x, mean, rstd, dw, db);
      }
    });
  }
  if (dx == nullptr) return;
  parallel_for(d.rows, row_grain(d), [&](Index begin, Index end) {
    for (Index r = begin; r < end; ++r) {
      backward_row(d, dy + r * d.n, x + r * d.n, w, mean[r], rstd[r], dx + r * d.n);
    }
  });
}

#define TENON_INSTANTIATE(T)                                                                  \
  template void layer_norm_forward<T>(const LayerNormDims&, const T*, const T*, const T*, T*, \
                                      double*, double*);                                      \
  template void layer_norm_backward<T>(const LayerNormDims&, const T*, const T*, const T*,    \
                                       const double*, const double*, T*, T*, T*);

TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
