#include "kernels/limits.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/limits.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

/// Twelve independent chains hide the latency of each.
template <class T>
double multiply_adds(Index rounds, T* result) {
  constexpr int chains = 12;
  const Tag<T> d;
  Vector<T> sums[chains];
  for (int i = 0; i < chains; ++i) sums[i] = hn::Set(d, static_cast<T>(i));
  const auto factor = hn::Set(d, static_cast<T>(0.999));
  for (Index k = 0; k < rounds; ++k) {
    for (int i = 0; i < chains; ++i) sums[i] = hn::MulAdd(sums[i], factor, factor);
  }
  for (int i = 1; i < chains; ++i) sums[0] = hn::Add(sums[0], sums[i]);
  *result = hn::GetLane(hn::SumOfLanes(d, sums[0]));
  return 2.0 * chains * static_cast<double>(lanes<T>) * static_cast<double>(rounds);
}

void copy_values(Index n, const float* x, float* y) {
  const Tag<float> d;
  Index i = 0;
  for (; i + lanes<float> <= n; i += lanes<float>) hn::StoreU(hn::LoadU(d, x + i), d, y + i);
  if (i < n) store_first<float>(load_first(x + i, n - i), y + i, n - i);
}

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {

template <class T>
double multiply_adds(Index rounds, T* result) {
  return TENON_CHOOSE(multiply_adds<T>)(rounds, result);
}

template double multiply_adds<float>(Index, float*);
template double multiply_adds<double>(Index, double*);

void copy_values(Index n, const float* x, float* y) { TENON_CHOOSE(copy_values)(n, x, y); }

}  // namespace tenon::kernels
#endif  // HWY_ONCE
