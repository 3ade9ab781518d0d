#include "kernels/sum_block.hpp"

namespace tenon::kernels {

template <class T>
double sum_block(const T* x, Index n, Index step) {
  constexpr Index lanes = 8;
  double lane[lanes] = {};
  Index i = 0;
  if (step == 1) {
    for (; i + lanes <= n; i += lanes) {
      for (Index k = 0; k < lanes; ++k) lane[k] += static_cast<double>(x[i + k]);
    }
  } else {
    for (; i + lanes <= n; i += lanes) {
      for (Index k = 0; k < lanes; ++k) lane[k] += static_cast<double>(x[(i + k) * step]);
    }
  }
  for (Index k = 0; i < n; ++i, ++k) lane[k] += static_cast<double>(x[i * step]);
  return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

template <class T>
void sum_rows(const T* x, Index n, Index step, Index width, double* sums) {
  for (Index j = 0; j < width; ++j) sums[j] = 0;
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < width; ++j) sums[j] += static_cast<double>(x[i * step + j]);
  }
}

template void sum_rows<float>(const float*, Index, Index, Index, double*);
template void sum_rows<double>(const double*, Index, Index, Index, double*);
template double sum_block<float>(const float*, Index, Index);
template double sum_block<double>(const double*, Index, Index);

}  // namespace tenon::kernels
