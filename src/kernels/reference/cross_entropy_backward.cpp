#include <algorithm>
#include <cmath>

#include "elementwise_loop.hpp"
#include "kernels/work.hpp"
#include "tenon/kernels/cross_entropy.hpp"

namespace tenon::kernels {

template <class T>
void cross_entropy_backward(const CrossEntropyDims& d, const T* dlosses, const std::int64_t* labels,
                            const T* log_probabilities, T* dlogits) {
  count_cross_entropy_backward<T>(d);
  const detail::FlushDenormals flush;
  const T smooth = static_cast<T>(d.label_smoothing / static_cast<double>(d.c));
  const T hit = static_cast<T>(1 - d.label_smoothing) + smooth;
  const Index rows = std::max<Index>(1, costly_grain / std::max<Index>(1, d.c));
  parallel_for(d.n, rows, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      T* out = dlogits + i * d.c;
      if (labels[i] == d.ignore_index) {
        std::fill(out, out + d.c, T(0));
        continue;
      }
      const T* row = log_probabilities + i * d.c;
      for (Index c = 0; c < d.c; ++c) {
        const T target = c == labels[i] ? hit : smooth;
        out[c] = dlosses[i] * (std::exp(row[c]) - target);
      }
    }
  });
}

template void cross_entropy_backward<float>(const CrossEntropyDims&, const float*,
                                            const std::int64_t*, const float*, float*);
template void cross_entropy_backward<double>(const CrossEntropyDims&, const double*,
                                             const std::int64_t*, const double*, double*);

}  // namespace tenon::kernels
