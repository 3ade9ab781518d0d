#include "tenon/kernels/embedding.hpp"

#include "id_groups.hpp"
#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"

namespace tenon::kernels {

template <class T>
void embedding_forward(const EmbeddingDims& d, const std::int64_t* ids, const T* w, T* y) {
  count_arrays<T>(d.n * d.d, 0, 2);
  const Index grain = std::max<Index>(1, (Index{1} << 14) / std::max<Index>(1, d.d));
  parallel_for(d.n, grain, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) std::copy_n(w + ids[i] * d.d, d.d, y + i * d.d);
  });
}

template <class T>
void embedding_backward(const EmbeddingDims& d, const std::int64_t* ids, const T* dy, T* dw) {
  count_work<T>(d.n * d.d, bytes_of<T>((d.n + d.v) * d.d));
  const detail::FlushDenormals flush;
  IdGroups groups(d, ids);
  const Index *starts = groups.starts(), *positions = groups.positions();
  groups.for_row_ranges(d.d, [&](Index first, Index last) {
    for (Index r = first; r < last; ++r) {
      T* row = dw + r * d.d;
      std::fill_n(row, d.d, T(0));
      for (Index k = starts[r]; k < starts[r + 1]; ++k) {
        const T* add = dy + positions[k] * d.d;
        for (Index j = 0; j < d.d; ++j) row[j] += add[j];
      }
    }
  });
}

#define TENON_INSTANTIATE(T)                                                                   \
  template void embedding_forward<T>(const EmbeddingDims&, const std::int64_t*, const T*, T*); \
  template void embedding_backward<T>(const EmbeddingDims&, const std::int64_t*, const T*, T*);

TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
