#pragma once

#include <cstdint>

#include "tenon/base/shape.hpp"

/// Sums over the few values of an array that are not zero.
namespace tenon::kernels {

/// One instruction set's routines. Vectors run over channels, which lie side by side.
struct SparseKernels {
  static constexpr int most_taps = 9, most_vectors = 2;

  int lanes;
  int vectors;  ///< that the sums of most_taps taps may be wide

  Index (*count_nonzero)(const float* x, Index n);
  bool (*all_finite)(const float* x, Index n);

  /// Those of n values that are not zero, and the offsets that belong to them, in their order;
  /// returns how many. Both outputs need room for n values and a vector.
  Index (*compress)(const float* x, const std::int32_t* offsets, Index n, float* values,
                    std::int32_t* kept);

  /// sums[t sums_step + j] += sum_k values[k] x[kept[k] + taps[t] + j], j running over the vectors.
  using Gather = void (*)(const float* values, const std::int32_t* kept, Index count,
                          const float* x, const Index* taps, float* sums, Index sums_step);
  Gather gather[most_taps][most_vectors];  ///< [taps - 1][vectors - 1]

  /// Its transpose: y[kept[k] + taps[t] + j] += values[k] w[t w_step + j] for k in order.
  using Scatter = void (*)(const float* values, const std::int32_t* kept, Index count,
                           const float* w, Index w_step, const Index* taps, float* y);
  Scatter scatter[most_taps][most_vectors];
};

const SparseKernels& sparse_kernels();

}  // namespace tenon::kernels
