#include "kernels/limits.hpp"

#include <algorithm>

namespace tenon::kernels {

// As fast as the compiler's own vectors are, which is what the plain loops are measured against.

template <class T>
double multiply_adds(Index rounds, T* result) {
  constexpr int lanes = 4 * 16 / static_cast<int>(sizeof(T));  // four vectors of the smallest kind
  constexpr int chains = 2 * lanes;
  T sums[chains];
  for (int i = 0; i < chains; ++i) sums[i] = static_cast<T>(i);
  const T factor = static_cast<T>(0.999);
  for (Index k = 0; k < rounds; ++k) {
    for (int i = 0; i < chains; ++i) sums[i] = sums[i] * factor + factor;
  }
  *result = 0;
  for (int i = 0; i < chains; ++i) *result += sums[i];
  return 2.0 * chains * static_cast<double>(rounds);
}

template double multiply_adds<float>(Index, float*);
template double multiply_adds<double>(Index, double*);

void copy_values(Index n, const float* x, float* y) { std::copy(x, x + n, y); }

}  // namespace tenon::kernels
