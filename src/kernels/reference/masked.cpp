#include "tenon/kernels/masked.hpp"

#include <algorithm>

#include "elementwise_loop.hpp"
#include "kernels/work.hpp"

namespace tenon::kernels {
namespace {

/// Columns that are summed together: their sums in double stay in the first cache.
constexpr Index block = 64;

Index rows_per_thread(Index row_size) {
  return std::max<Index>(1, cheap_grain / std::max<Index>(1, row_size));
}

}  // namespace

template <class T>
void masked_sum(const MaskedDims& dims, const bool* mask, const T* x, T* y) {
  count_work<T>(dims.n * dims.l * dims.d, bytes_of<T>(dims.n * (dims.l + 1) * dims.d));
  const detail::FlushDenormals flush;
  const Index blocks = (dims.d + block - 1) / block;
  const Index grain = rows_per_thread(dims.l * std::min(dims.d, block));
  parallel_for(dims.n * blocks, grain, [&](Index begin, Index end) {
    for (Index k = begin; k < end; ++k) {
      const Index n = k / blocks, first = k % blocks * block;
      const Index columns = std::min(block, dims.d - first);
      double sums[block] = {};
      for (Index l = 0; l < dims.l; ++l) {
        if (!mask[n * dims.l + l]) continue;
        const T* row = x + (n * dims.l + l) * dims.d + first;
        for (Index j = 0; j < columns; ++j) sums[j] += static_cast<double>(row[j]);
      }
      T* out = y + n * dims.d + first;
      for (Index j = 0; j < columns; ++j) out[j] = static_cast<T>(sums[j]);
    }
  });
}

template <class T>
void masked_spread(const MaskedDims& dims, const bool* mask, const T* dy, T* dx) {
  count_work<T>(0, bytes_of<T>(dims.n * (dims.l + 1) * dims.d));
  const detail::FlushDenormals flush;
  parallel_for(dims.n * dims.l, rows_per_thread(dims.d), [&](Index begin, Index end) {
    for (Index k = begin; k < end; ++k) {
      const T* from = dy + k / dims.l * dims.d;
      T* row = dx + k * dims.d;
      if (mask[k]) {
        std::copy_n(from, dims.d, row);
      } else {
        std::fill_n(row, dims.d, T(0));
      }
    }
  });
}

template <class T>
void masked_max(const MaskedDims& dims, const bool* mask, const T* x, T* y, Index* steps) {
  count_work<T>(dims.n * dims.l * dims.d, bytes_of<T>(dims.n * (dims.l + 1) * dims.d));
  const detail::FlushDenormals flush;
  parallel_for(dims.n, rows_per_thread(dims.l * dims.d), [&](Index begin, Index end) {
    for (Index n = begin; n < end; ++n) {
      T* best = y + n * dims.d;
      Index* step = steps + n * dims.d;
      bool is_first = true;
      for (Index l = 0; l < dims.l; ++l) {
        if (!mask[n * dims.l + l]) continue;
        const T* row = x + (n * dims.l + l) * dims.d;
        for (Index j = 0; j < dims.d; ++j) {
          // True for a larger number and for the first NaN.
          const bool wins = is_first || (!(row[j] <= best[j]) && best[j] == best[j]);
          best[j] = wins ? row[j] : best[j];
          step[j] = wins ? l : step[j];
        }
        is_first = false;
      }
    }
  });
}

#define TENON_INSTANTIATE(T)                                                    \
  template void masked_sum<T>(const MaskedDims&, const bool*, const T*, T*);    \
  template void masked_spread<T>(const MaskedDims&, const bool*, const T*, T*); \
  template void masked_max<T>(const MaskedDims&, const bool*, const T*, T*, Index*);

TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
