#include "tenon/kernels/dropout.hpp"

#include <cmath>

#include "elementwise_loop.hpp"
#include "kernels/dropout_part.hpp"

namespace tenon::kernels {

template <class T>
void dropout_mask_part(RandomKey key, double p, Index first, Index n, T* part) {
  const T scale = p < 1 ? static_cast<T>(1 / (1 - p)) : T(0);
  // Only the 24 bits that float has decide, so that float and double keep the same elements.
  const float threshold = static_cast<float>(std::ceil(p * 0x1p24));
  for (Index i = 0; i < n; ++i) {
    const float x = detail::uniform_at<float>(key, static_cast<std::uint64_t>(first + i));
    part[i] = x * 0x1p24f >= threshold ? scale : T(0);
  }
}

template <class T>
void dropout_mask(Index n, RandomKey key, double p, T* mask) {
  count_arrays<T>(n, 0, 1);
  const detail::FlushDenormals flush;
  parallel_for(n, cheap_grain, [=](Index begin, Index end) {
    dropout_mask_part(key, p, begin, end - begin, mask + begin);
  });
}

#define TENON_INSTANTIATE(T)                                               \
  template void dropout_mask_part<T>(RandomKey, double, Index, Index, T*); \
  template void dropout_mask<T>(Index, RandomKey, double, T*);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
