#include "tenon/kernels/dropout.hpp"

#include <cmath>

#include "elementwise_loop.hpp"

namespace tenon::kernels {

template <class T>
void dropout_mask(Index n, RandomKey key, double p, T* mask) {
  count_arrays<T>(n, 0, 1);
  const detail::FlushDenormals flush;
  detail::fill_uniform(mask, n, key, 0, 1);
  const T scale = p < 1 ? static_cast<T>(1 / (1 - p)) : T(0);
  // Only the 24 bits that float has decide, so that float and double keep the same elements.
  const T threshold = static_cast<T>(std::ceil(p * 0x1p24));
  parallel_for(n, cheap_grain, [=](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) mask[i] = mask[i] * T(0x1p24) >= threshold ? scale : T(0);
  });
}

template void dropout_mask<float>(Index, RandomKey, double, float*);
template void dropout_mask<double>(Index, RandomKey, double, double*);

}  // namespace tenon::kernels
