#include "tenon/kernels/cross_entropy.hpp"

#include <algorithm>
#include <cmath>

#include "elementwise_loop.hpp"
#include "kernels/sum_block.hpp"
#include "tenon/kernels/softmax.hpp"

namespace tenon::kernels {
namespace {

Index rows_per_thread(const CrossEntropyDims& d) {
  return std::max<Index>(1, costly_grain / std::max<Index>(1, d.c));
}

}  // namespace

Index find_invalid_label(const CrossEntropyDims& d, const std::int64_t* labels) {
  for (Index i = 0; i < d.n; ++i) {
    const bool valid = (labels[i] >= 0 && labels[i] < d.c) || labels[i] == d.ignore_index;
    if (!valid) return i;
  }
  return -1;
}

template <class T>
void cross_entropy_forward(const CrossEntropyDims& d, const T* logits, const std::int64_t* labels,
                           T* losses, T* log_probabilities) {
  count_cross_entropy<T>(d);
  const detail::FlushDenormals flush;
  log_softmax_forward({d.n, d.c, 1}, logits, log_probabilities);
  const double smooth = d.label_smoothing / static_cast<double>(d.c);
  parallel_for(d.n, rows_per_thread(d), [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      if (labels[i] == d.ignore_index) {
        losses[i] = T(0);
        continue;
      }
      const T* row = log_probabilities + i * d.c;
      const double hit = -static_cast<double>(row[labels[i]]);
      double loss = hit;
      // Only where it is asked for: 0 times an infinite log-probability would be NaN.
      if (d.label_smoothing != 0) {
        double all = 0;
        for (Index c = 0; c < d.c; c += sum_block_size) {
          all -= sum_block(row + c, std::min(sum_block_size, d.c - c), 1);
        }
        loss = (1 - d.label_smoothing) * hit + smooth * all;
      }
      losses[i] = static_cast<T>(loss);
    }
  });
}

template void cross_entropy_forward<float>(const CrossEntropyDims&, const float*,
                                           const std::int64_t*, float*, float*);
template void cross_entropy_forward<double>(const CrossEntropyDims&, const double*,
                                            const std::int64_t*, double*, double*);

}  // namespace tenon::kernels
