#include "tenon/kernels/batch_norm.hpp"

#include <algorithm>
#include <cmath>

#include "elementwise_loop.hpp"
#include "kernels/work.hpp"

namespace tenon::kernels {
namespace {

Index count(const BatchNormDims& d) { return d.n * d.inner; }

/// Calls f(channel) for every channel, in parallel.
template <class F>
void for_each_channel(const BatchNormDims& d, const F& f) {
  const detail::FlushDenormals flush;
  const Index grain = std::max<Index>(1, costly_grain / std::max<Index>(1, count(d)));
  parallel_for(d.c, grain, [&](Index begin, Index end) {
    for (Index channel = begin; channel < end; ++channel) f(channel);
  });
}

/// Calls f(position) for every number of a channel.
template <class F>
void for_each_position(const BatchNormDims& d, Index channel, const F& f) {
  for (Index image = 0; image < d.n; ++image) {
    const Index first = (image * d.c + channel) * d.inner;
    for (Index k = first; k < first + d.inner; ++k) f(k);
  }
}

/// A sum of many terms, block by block, so that their roundings do not add up.
class BlockSum {
 public:
  void operator+=(double term) {
    block_ += term;
    if (++count_ < 256) return;
    total_ += block_;
    block_ = 0;
    count_ = 0;
  }
  double value() const { return total_ + block_; }

 private:
  double total_ = 0, block_ = 0;
  int count_ = 0;
};

template <class T>
double parameter(const T* w, Index channel, double otherwise) {
  return w == nullptr ? otherwise : static_cast<double>(w[channel]);
}

template <class T>
void normalise(const BatchNormDims& d, Index channel, const T* x, const T* w, const T* b,
               double mean, double variance, T* y) {
  const double scale = parameter(w, channel, 1) / std::sqrt(variance + d.eps);
  const double shift = parameter(b, channel, 0);
  for_each_position(d, channel, [&](Index k) {
    y[k] = static_cast<T>((static_cast<double>(x[k]) - mean) * scale + shift);
  });
}

}  // namespace

template <class T>
void batch_norm_training(const BatchNormDims& d, const T* x, const T* w, const T* b, T* y,
                         double* mean, double* variance) {
  count_batch_norm_training<T>(d);
  const double m = static_cast<double>(count(d));
  for_each_channel(d, [&](Index channel) {
    BlockSum sum, squares;
    for_each_position(d, channel, [&](Index k) { sum += static_cast<double>(x[k]); });
    mean[channel] = sum.value() / m;
    for_each_position(d, channel, [&](Index k) {
      const double distance = static_cast<double>(x[k]) - mean[channel];
      squares += distance * distance;
    });
    variance[channel] = squares.value() / m;
    normalise(d, channel, x, w, b, mean[channel], variance[channel], y);
  });
}

template <class T>
void batch_norm_inference(const BatchNormDims& d, const T* x, const T* w, const T* b,
                          const double* mean, const double* variance, T* y) {
  count_batch_norm_inference<T>(d);
  for_each_channel(d, [&](Index channel) {
    normalise(d, channel, x, w, b, mean[channel], variance[channel], y);
  });
}

template <class T>
void batch_norm_backward(const BatchNormDims& d, bool of_batch, const T* dy, const T* x, const T* w,
                         const double* mean, const double* variance, T* dx, T* dw, T* db) {
  count_batch_norm_backward<T>(d);
  const double m = static_cast<double>(count(d));
  for_each_channel(d, [&](Index channel) {
    const double rstd = 1 / std::sqrt(variance[channel] + d.eps);
    const auto normalised = [&](Index k) {
      return (static_cast<double>(x[k]) - mean[channel]) * rstd;
    };
    BlockSum sums, dots;
    for_each_position(d, channel, [&](Index k) {
      sums += static_cast<double>(dy[k]);
      dots += static_cast<double>(dy[k]) * normalised(k);
    });
    const double sum = sums.value(), dot = dots.value();
    if (dw != nullptr) dw[channel] = static_cast<T>(dot);
    if (db != nullptr) db[channel] = static_cast<T>(sum);
    if (dx == nullptr) return;
    const double scale = parameter(w, channel, 1) * rstd;
    const double mean_dy = sum / m, mean_dot = dot / m;
    for_each_position(d, channel, [&](Index k) {
      double g = static_cast<double>(dy[k]);
      if (of_batch) g -= mean_dy + normalised(k) * mean_dot;
      dx[k] = static_cast<T>(g * scale);
    });
  });
}

#define TENON_INSTANTIATE(T)                                                                     \
  template void batch_norm_training<T>(const BatchNormDims&, const T*, const T*, const T*, T*,   \
                                       double*, double*);                                        \
  template void batch_norm_inference<T>(const BatchNormDims&, const T*, const T*, const T*,      \
                                        const double*, const double*, T*);                       \
  template void batch_norm_backward<T>(const BatchNormDims&, bool, const T*, const T*, const T*, \
                                       const double*, const double*, T*, T*, T*);

TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
