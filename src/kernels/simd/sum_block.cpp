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

template double sum_block<float>(const float*, Index, Index);
template double sum_block<double>(const double*, Index, Index);

}  // namespace tenon::kernels
#endif  // HWY_ONCE
