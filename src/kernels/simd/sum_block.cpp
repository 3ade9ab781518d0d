#include "kernels/sum_block.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/sum_block.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/loop-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

/// Contiguous terms: two vectors of partial sums, the last few terms by themselves.
template <class T>
double sum_contiguous(const T* x, Index n) {
  const Tag<double> d;
  constexpr Index step = lanes<double>;
  auto even = hn::Zero(d), odd = hn::Zero(d);
  Index i = 0;
  for (; i + 2 * step <= n; i += 2 * step) {
    even = hn::Add(even, as_doubles(d, x + i));
    odd = hn::Add(odd, as_doubles(d, x + i + step));
  }
  double rest = 0;
  for (; i < n; ++i) rest += static_cast<double>(x[i]);
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd))) + rest;
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
