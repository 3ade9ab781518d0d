#include "tenon/kernels/embedding.hpp"

#include "kernels/reference/id_groups.hpp"
#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/embedding.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

/// y[i] = w[ids[i]] for n rows of d values.
template <class T>
void copy_rows(const std::int64_t* ids, Index n, Index d, const T* w, T* y) {
  const Tag<T> tag;
  for (Index i = 0; i < n; ++i, y += d) {
    const T* row = w + ids[i] * d;
    Index j = 0;
    for (; j + lanes<T> <= d; j += lanes<T>) hn::StoreU(hn::LoadU(tag, row + j), tag, y + j);
    if (j < d) store_first<T>(load_first(row + j, d - j), y + j, d - j);
  }
}

/// Vectors of a row that are summed side by side, since each addition waits for the one before it.
inline constexpr Index wide = 4;

/// row = the sum of the rows of x at n positions, in their order; the sums stay in registers.
template <class T>
HWY_INLINE void sum_row(const Index* positions, Index n, Index d, const T* x, T* row) {
  const Tag<T> tag;
  Index j = 0;
  for (; j + wide * lanes<T> <= d; j += wide * lanes<T>) {
    auto s0 = hn::Zero(tag), s1 = s0, s2 = s0, s3 = s0;
    for (Index k = 0; k < n; ++k) {
      const T* add = x + positions[k] * d + j;
      s0 = hn::Add(s0, hn::LoadU(tag, add));
      s1 = hn::Add(s1, hn::LoadU(tag, add + lanes<T>));
      s2 = hn::Add(s2, hn::LoadU(tag, add + 2 * lanes<T>));
      s3 = hn::Add(s3, hn::LoadU(tag, add + 3 * lanes<T>));
    }
    hn::StoreU(s0, tag, row + j);
    hn::StoreU(s1, tag, row + j + lanes<T>);
    hn::StoreU(s2, tag, row + j + 2 * lanes<T>);
    hn::StoreU(s3, tag, row + j + 3 * lanes<T>);
  }
  for (; j + lanes<T> <= d; j += lanes<T>) {
    auto s = hn::Zero(tag);
    for (Index k = 0; k < n; ++k) s = hn::Add(s, hn::LoadU(tag, x + positions[k] * d + j));
    hn::StoreU(s, tag, row + j);
  }
  if (j == d) return;
  auto s = hn::Zero(tag);
  for (Index k = 0; k < n; ++k) s = hn::Add(s, load_first(x + positions[k] * d + j, d - j));
  store_first<T>(s, row + j, d - j);
}

/// Rows first .. last - 1 of dw from those of dy that the groups name.
template <class T>
void sum_rows(const Index* starts, const Index* positions, Index first, Index last, Index d,
              const T* dy, T* dw) {
  for (Index r = first; r < last; ++r) {
    sum_row(positions + starts[r], starts[r + 1] - starts[r], d, dy, dw + r * d);
  }
}

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {

template <class T>
void embedding_forward(const EmbeddingDims& d, const std::int64_t* ids, const T* w, T* y) {
  count_arrays<T>(d.n * d.d, 0, 2);
  static const auto run = TENON_CHOOSE(copy_rows<T>);
  const Index grain = std::max<Index>(1, (Index{1} << 14) / std::max<Index>(1, d.d));
  parallel_for(d.n, grain, [&](Index begin, Index end) {
    run(ids + begin, end - begin, d.d, w, y + begin * d.d);
  });
}

template <class T>
void embedding_backward(const EmbeddingDims& d, const std::int64_t* ids, const T* dy, T* dw) {
  count_work<T>(d.n * d.d, bytes_of<T>((d.n + d.v) * d.d));
  const detail::FlushDenormals flush;
  static const auto run = TENON_CHOOSE(sum_rows<T>);
  IdGroups groups(d, ids);
  groups.for_row_ranges(d.d, [&](Index first, Index last) {
    run(groups.starts(), groups.positions(), first, last, d.d, dy, dw);
  });
}

#define TENON_INSTANTIATE(T)                                                                   \
  template void embedding_forward<T>(const EmbeddingDims&, const std::int64_t*, const T*, T*); \
  template void embedding_backward<T>(const EmbeddingDims&, const std::int64_t*, const T*, T*);

TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
#endif  // HWY_ONCE
