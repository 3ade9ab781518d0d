#include "kernels/max_block.hpp"

namespace tenon::kernels {

template <class T>
Index max_block(const T* x, Index n) {
  Index best = 0;
  for (Index i = 0; i < n; ++i) {
    if (x[i] != x[i]) return i;
    if (x[i] > x[best]) best = i;
  }
  return best;
}

template Index max_block<float>(const float*, Index);
template Index max_block<double>(const double*, Index);

}  // namespace tenon::kernels
