#pragma once

#include "tenon/base/shape.hpp"

/// The inner loops of depthwise convolutions: vectors run over the columns of one plane, which was
/// staged with zeros around it, so that no loop asks where the image ends.
namespace tenon::kernels {

/// How a plane is staged: with `above` rows and `left` columns of zeros in front of it. Columns of
/// equal remainder modulo `phases` lie side by side, since that is what neighbouring outputs of a
/// stride read.
struct StagedPlane {
  Index height, width;  ///< of the plane itself
  Index above, left;
  Index phases;  ///< >= 1
  Index phase;   ///< values of each in a row: whole vectors, zeros behind the last column

  Index row() const { return phases * phase; }
  /// Where a row and column of the staged plane lie. The first pixel of a row of one phase lies at
  /// 0, where vectors are aligned, so the zeros in front of it are those behind the row before.
  Index offset(Index line, Index column) const {
    return line * row() + column % phases * phase + column / phases - left / phases;
  }
};

/// out[r][j] = start + sum_k weights[k] in[r row + offsets[k] + j], then max(., 0) under relu.
template <class T>
struct Correlation {
  const T* in;
  Index row;  ///< between the pixels of neighbouring rows of outputs
  const Index* offsets;
  const T* weights;
  Index taps;
  Index line = 0;  ///< taps of a line, where the next line reads what the next row of outputs does
  T start = T(0);
  bool relu = false;
};

/// sums[k] += sum_{r,j} g[r g_row + j] in[r row + offsets[k] + j] over rows x columns.
template <class T>
struct Dots {
  const T* g;
  Index g_row;
  Index rows, columns;
  const T* in;
  Index row;
  const Index* offsets;
  Index taps;
  Index line = 0;  ///< as in Correlation
};

/// One instruction set's routines. They read up to a vector of scratch behind what they use.
template <class T>
struct PlaneKernels {
  Index lanes;

  /// The staged rows first .. first + count - 1 of a plane, to scratch that began as zeros: what
  /// lies between the rows of pixels is not written.
  void (*stage)(const StagedPlane& s, const T* plane, Index first, Index count, T* staged);
  /// rows x columns outputs, the rows of out out_row apart.
  void (*correlate)(const Correlation<T>& c, Index rows, Index columns, T* out, Index out_row);
  void (*add_dots)(const Dots<T>& s, double* sums);
  /// to[r][2 k] = even[r][k] and to[r][2 k + 1] = odd[r][k] for the n values of each row of to.
  void (*join_pairs)(const T* even, const T* odd, Index row, Index rows, Index n, T* to,
                     Index to_row);
};

template <class T>
const PlaneKernels<T>& plane_kernels();

}  // namespace tenon::kernels
