#pragma once

#include "tenon/base/shape.hpp"

/// The inner loops of convolutions of few taps. Their columns are laid out for some rows of outputs
/// at once: columns[t][p] is the pixel that output p reads through tap t. Vectors run over p. With
/// so few terms in a sum, what counts is how little is done around the multiplications.
namespace tenon::kernels {

/// Rows of an image in columns: columns[t][i n + j] = from[offsets[t] + i from_row + j], i < rows,
/// j < n, zeros up to a whole vector.
struct ColumnsCopy {
  const float* from;
  Index from_row;
  const Index* offsets;
  Index depth;  ///< taps
  Index rows, n;
};

/// y[o][p] = b[o] + sum_t w[o][t] columns[t][p], then max(., 0) under relu. b may be null.
struct ColumnsProduct {
  const float* columns;
  Index row;  ///< of the columns
  Index depth, size;
  const float* w;
  const float* b;
  bool relu;
  float* y;
  Index y_row;
  Index o;
};

/// sums[o][t] += dy[o][p] columns[t][p] for every p, each sum a vector of partial ones.
struct ColumnsDots {
  const float* columns;
  Index row;
  Index depth, size;
  const float* dy;
  Index dy_row;
  Index o;
};

/// One instruction set's routines.
struct ColumnKernels {
  Index lanes;
  /// There must be room for a vector behind the columns' rows.
  void (*copy)(const ColumnsCopy& c, float* columns, Index row);
  void (*multiply)(const ColumnsProduct& p);
  void (*add_dots)(const ColumnsDots& d, float* sums);
  /// y[k] = the sum of the lanes of sums[k], and of as many sums step, 2 step, ... behind it.
  void (*add_up)(const float* sums, Index count, Index step, Index n, float* y);
};

const ColumnKernels& column_kernels();

}  // namespace tenon::kernels
