#include "kernels/sum_block.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/sum_block.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/loop-inl.hpp"

#ifndef TENON_SIMD_SUM_BLOCK_KERNELS
#define TENON_SIMD_SUM_BLOCK_KERNELS
namespace tenon::kernels {

/// One instruction set's loops, of each kind of term.
template <class T>
struct BlockKernels {
  double (*block[2])(const T* x, Index n);
  void (*rows[2])(const T* x, Index n, Index step, Index width, double* sums);
};

}  // namespace tenon::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

/// sum and one term more in each lane.
template <Term term, class V>
HWY_INLINE V added(V sum, V v) {
  if constexpr (term == Term::square) return hn::MulAdd(v, v, sum);
  return hn::Add(sum, v);
}
template <Term term>
HWY_INLINE double added_number(double sum, double v) {
  return sum + (term == Term::square ? v * v : v);
}

/// Contiguous terms: four vectors of partial sums, the last few terms by themselves.
template <Term term, class T>
double sum_contiguous(const T* x, Index n) {
  const Tag<double> d;
  constexpr Index step = lanes<double>;
  constexpr int chains = 4;
  Vector<double> sums[chains];
  for (int q = 0; q < chains; ++q) sums[q] = hn::Zero(d);
  Index i = 0;
  for (; i + chains * step <= n; i += chains * step) {
    for (int q = 0; q < chains; ++q)
      sums[q] = added<term>(sums[q], as_doubles(d, x + i + q * step));
  }
  for (; i + step <= n; i += step) sums[0] = added<term>(sums[0], as_doubles(d, x + i));
  double rest = 0;
  for (; i < n; ++i) rest = added_number<term>(rest, static_cast<double>(x[i]));
  const auto sum = hn::Add(hn::Add(sums[0], sums[2]), hn::Add(sums[1], sums[3]));
  return hn::GetLane(hn::SumOfLanes(d, sum)) + rest;
}

/// So many vectors of columns, whose sums stay in registers.
template <Term term, int Vectors, class T>
HWY_INLINE void sum_vectors(const T* x, Index n, Index step, double* sums) {
  const Tag<double> d;
  Vector<double> s[Vectors];
  for (int q = 0; q < Vectors; ++q) s[q] = hn::Zero(d);
  for (Index i = 0; i < n; ++i, x += step) {
    for (int q = 0; q < Vectors; ++q) {
      s[q] = added<term>(s[q], as_doubles(d, x + q * lanes<double>));
    }
  }
  for (int q = 0; q < Vectors; ++q) hn::StoreU(s[q], d, sums + q * lanes<double>);
}

template <Term term, class T>
void sum_columns(const T* x, Index n, Index step, Index width, double* sums) {
  constexpr Index one = lanes<double>, four = 4 * one;
  Index j = 0;
  for (; j + four <= width; j += four) sum_vectors<term, 4>(x + j, n, step, sums + j);
  for (; j + one <= width; j += one) sum_vectors<term, 1>(x + j, n, step, sums + j);
  for (; j < width; ++j) {
    sums[j] = 0;
    for (Index i = 0; i < n; ++i)
      sums[j] = added_number<term>(sums[j], static_cast<double>(x[i * step + j]));
  }
}

template <class T>
constexpr BlockKernels<T> block_kernels = {
    {&sum_contiguous<Term::value, T>, &sum_contiguous<Term::square, T>},
    {&sum_columns<Term::value, T>, &sum_columns<Term::square, T>}};

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {

template <Term term, class T>
double sum_block(const T* x, Index n, Index step) {
  static const auto& kernels = *TENON_CHOOSE(block_kernels<T>);
  if (step == 1) return kernels.block[static_cast<int>(term)](x, n);
  double lanes[8] = {};
  for (Index i = 0; i < n; ++i) {
    const auto v = static_cast<double>(x[i * step]);
    lanes[i % 8] += term == Term::square ? v * v : v;
  }
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
         ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

template <Term term, class T>
void sum_rows(const T* x, Index n, Index step, Index width, double* sums) {
  static const auto& kernels = *TENON_CHOOSE(block_kernels<T>);
  kernels.rows[static_cast<int>(term)](x, n, step, width, sums);
}

#define TENON_INSTANTIATE(term, T)                            \
  template double sum_block<term, T>(const T*, Index, Index); \
  template void sum_rows<term, T>(const T*, Index, Index, Index, double*);
TENON_INSTANTIATE(Term::value, float)
TENON_INSTANTIATE(Term::value, double)
TENON_INSTANTIATE(Term::square, float)
TENON_INSTANTIATE(Term::square, double)
#undef TENON_INSTANTIATE

}  // namespace tenon::kernels
#endif  // HWY_ONCE
