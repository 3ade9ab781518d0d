#pragma once

#include <cmath>

#include "tenon/base/denormals.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/base/parallel.hpp"
#include "tenon/tensor/tensor.hpp"

/// Arithmetic of rows of numbers, contiguous and of one size, with sums in double that do not
/// depend on the number of threads.
namespace tenon::optim {

inline constexpr Index flat_grain = 1 << 14;

/// combine(...combine(0, f(0))..., f(n - 1)), in chunks.
template <class F, class Combine>
double reduce_flat(Index n, const F& f, const Combine& combine) {
  detail::Scratch<double> partial(chunk_count(n, flat_grain));
  partial[0] = 0;
  parallel_chunks(n, flat_grain, [&](Index chunk, Index begin, Index end) {
    double value = 0;
    for (Index i = begin; i < end; ++i) value = combine(value, f(i));
    partial[chunk] = value;
  });
  double result = 0;
  for (Index chunk = 0; chunk < chunk_count(n, flat_grain); ++chunk) {
    result = combine(result, partial[chunk]);
  }
  return result;
}

inline double sum_of_two(double a, double b) { return a + b; }

template <class T>
double dot(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  const T *x = a.data(), *y = b.data();
  const auto product = [=](Index i) {
    return static_cast<double>(x[i]) * static_cast<double>(y[i]);
  };
  return reduce_flat(a.numel(), product, sum_of_two);
}

template <class T>
double sum_of_sizes(const BasicTensor<T>& a) {
  const T* x = a.data();
  return reduce_flat(
      a.numel(), [=](Index i) { return std::abs(static_cast<double>(x[i])); }, sum_of_two);
}

/// max |a|, NaN where one is.
template <class T>
double largest(const BasicTensor<T>& a) {
  const T* x = a.data();
  return reduce_flat(
      a.numel(), [=](Index i) { return std::abs(static_cast<double>(x[i])); },
      [](double p, double q) { return p > q || std::isnan(p) ? p : q; });
}

/// y += factor x
template <class T>
void add_scaled(const BasicTensor<T>& from, double factor, BasicTensor<T>& to) {
  const detail::FlushDenormals flush;
  const T* x = from.data();
  T* y = to.data();
  const T f = static_cast<T>(factor);
  parallel_for(to.numel(), flat_grain, [=](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) y[i] += f * x[i];
  });
}

/// y *= factor
template <class T>
void scale(double factor, BasicTensor<T>& to) {
  const detail::FlushDenormals flush;
  T* y = to.data();
  const T f = static_cast<T>(factor);
  parallel_for(to.numel(), flat_grain, [=](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) y[i] *= f;
  });
}

}  // namespace tenon::optim
