#include "kernels/sum_block.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/sum_block.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/loop-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

/// Contiguous terms: four vectors of partial sums, the last few terms by themselves.
template <class T>
double sum_contiguous(const T* x, Index n) {
  const Tag<double> d;
  constexpr Index step = lanes<double>;
  constexpr int chains = 4;
  Vector<double> sums[chains];
  for (int q = 0; q < chains; ++q) sums[q] = hn::Zero(d);
  Index i = 0;
  for (; i + chains * step <= n; i += chains * step) {
    for (int q = 0; q < chains; ++q) sums[q] = hn::Add(sums[q], as_doubles(d, x + i + q * step));
  }
  for (; i + step <= n; i += step) sums[0] = hn::Add(sums[0], as_doubles(d, x + i));
  double rest = 0;
  for (; i < n; ++i) rest += static_cast<double>(x[i]);
  const auto sum = hn::Add(hn::Add(sums[0], sums[2]), hn::Add(sums[1], sums[3]));
  return hn::GetLane(hn::SumOfLanes(d, sum)) + rest;
}

/// So many vectors of columns, whose sums stay in registers.
template <int Vectors, class T>
HWY_INLINE void sum_vectors(const T* x, Index n, Index step, double* sums) {
  const Tag<double> d;
  Vector<double> s[Vectors];
  for (int q = 0; q < Vectors; ++q) s[q] = hn::Zero(d);
  for (Index i = 0; i < n; ++i, x += step) {
    for (int q = 0; q < Vectors; ++q) {
      s[q] = hn::Add(s[q], as_doubles(d, x + q * lanes<double>));
    }
  }
  for (int q = 0; q < Vectors; ++q) hn::StoreU(s[q], d, sums + q * lanes<double>);
}

template <class T>
void sum_columns(const T* x, Index n, Index step, Index width, double* sums) {
  constexpr Index one = lanes<double>, four = 4 * one;
  Index j = 0;
  for (; j + four <= width; j += four) sum_vectors<4>(x + j, n, step, sums + j);
  for (; j + one <= width; j += one) sum_vectors<1>(x + j, n, step, sums + j);
  for (; j < width; ++j) {
    sums[j] = 0;
    for (Index i = 0; i < n; ++i) sums[j] += static_cast<double>(x[i * step + j]);
  }
}

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {

template <class T>
double sum_block(const T* x, Index n, Index step) {
  static const auto sum_contiguous = TENON_CHOOSE(sum_contiguous<T>);
  if (step == 1) return sum_contiguous(x, n);
  double lanes[8] = {};
  for (Index i = 0; i < n; ++i) lanes[i % 8] += static_cast<double>(x[i * step]);
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
         ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

template <class T>
void sum_rows(const T* x, Index n, Index step, Index width, double* sums) {
  static const auto sum_columns = TENON_CHOOSE(sum_columns<T>);
  sum_columns(x, n, step, width, sums);
}

template void sum_rows<float>(const float*, Index, Index, Index, double*);
template void sum_rows<double>(const double*, Index, Index, Index, double*);
template double sum_block<float>(const float*, Index, Index);
template double sum_block<double>(const double*, Index, Index);

}  // namespace tenon::kernels
#endif  // HWY_ONCE
