#include "tenon/kernels/gemm.hpp"

#include "gemm_block.hpp"
#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/base/parallel.hpp"

namespace tenon::kernels {
namespace {

/// Multiplications that a thread should get at least.
constexpr Index thread_work = 1 << 19;
/// Columns of C that one task of by_columns computes.
constexpr Index column_block = 128;
/// More rows than this share one packed copy of B.
constexpr Index many_rows = 256;

Index tasks_per_thread(Index work_of_task) {
  return std::max<Index>(1, thread_work / std::max<Index>(1, work_of_task));
}

template <class T>
void clear(const GemmDims& d, T* c) {
  for (Index row = 0; row < d.batch * d.m; ++row) {
    T* begin = c + row / d.m * d.c_batch + row % d.m * d.c_row;
    std::fill(begin, begin + d.n, T(0));
  }
}

template <class T>
void apply(const GemmEpilogue<T>& epilogue, const GemmDims& d, T* c) {
  if (epilogue.bias == nullptr && !epilogue.relu) return;
  for (Index row = 0; row < d.batch * d.m; ++row) {
    T* y = c + row / d.m * d.c_batch + row % d.m * d.c_row;
    for (Index j = 0; j < d.n && epilogue.bias != nullptr; ++j) y[j] += epilogue.bias[j];
    for (Index j = 0; j < d.n && epilogue.relu; ++j) y[j] = y[j] <= T(0) ? T(0) : y[j];
  }
}

/// Every task computes all rows of a block of columns and packs these columns of B itself.
template <class T>
void by_columns(const GemmDims& d, const T* a, const T* b, T* c, bool accumulate) {
  const Index blocks = chunk_count(d.n, column_block);
  const Index grain = tasks_per_thread(d.m * d.k * std::min(d.n, column_block));
  const Index scratch_size = multiply_scratch<T>(std::min(d.n, column_block), d.k);
  const Index tasks = d.batch * blocks;
  parallel_with_scratch<T>(tasks, grain, scratch_size, [&](T* scratch, Index begin, Index end) {
    for (Index task = begin; task < end; ++task) {
      const Index i = task / blocks, j = task % blocks * column_block;
      const Matrix<T> left{a + i * d.a_batch, d.a_row, d.a_col};
      const Matrix<T> right{b + i * d.b_batch, d.b_row, d.b_col};
      multiply(left, right.from(0, j), d.m, std::min(column_block, d.n - j), d.k,
               c + i * d.c_batch + j, d.c_row, accumulate, scratch);
    }
  });
}

/// One product: B is packed block by block of k for all tasks, each of which computes a block of
/// rows.
template <class T>
void by_rows(const GemmDims& d, const T* a, const T* b, T* c, bool accumulate) {
  const Matrix<T> left{a, d.a_row, d.a_col}, right{b, d.b_row, d.b_col};
  const Index panels = chunk_count(d.n, tile_columns<T>);
  detail::Scratch<T> packed(multiply_scratch<T>(d.n, d.k));
  for (Index p = 0; p < d.k; p += k_block) {
    const Index depth = std::min(k_block, d.k - p);
    parallel_for(panels, std::max<Index>(1, (1 << 15) / (depth * tile_columns<T>)),
                 [&](Index begin, Index end) {
                   for (Index j = begin * tile_columns<T>; j < end * tile_columns<T>;
                        j += tile_columns<T>) {
                     pack_panel(right.from(p, 0), depth, d.n, j, packed.data() + j * depth);
                   }
                 });
    const Index grain = tasks_per_thread(row_block * depth * d.n) * row_block;
    parallel_for(d.m, grain, [&](Index begin, Index end) {
      multiply_packed(left.from(begin, p), packed.data(), end - begin, d.n, depth,
                      c + begin * d.c_row, d.c_row, accumulate || p > 0);
    });
  }
}

}  // namespace

template <class T>
void gemm(const GemmDims& d, const T* a, const T* b, T* c, bool accumulate,
          const GemmEpilogue<T>& epilogue) {
  count_gemm<T>(d, accumulate);
  const detail::FlushDenormals flush;
  if (d.batch == 0 || d.m == 0 || d.n == 0) return;
  if (d.k == 0) {
    if (!accumulate) clear(d, c);
  } else if (d.batch == 1 && d.m > many_rows) {
    by_rows(d, a, b, c, accumulate);
  } else {
    by_columns(d, a, b, c, accumulate);
  }
  apply(epilogue, d, c);
}

#define TENON_INSTANTIATE(T) \
  template void gemm<T>(const GemmDims&, const T*, const T*, T*, bool, const GemmEpilogue<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::kernels
