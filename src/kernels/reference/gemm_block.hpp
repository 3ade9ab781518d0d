#pragma once

#include <algorithm>
#include <cstring>

#include "tenon/kernels/gemm.hpp"

/// The one-thread product that gemm and conv2d are made of. B is packed into panels of tile_columns
/// columns, so that the inner loop reads it from consecutive memory whatever its layout was; A is
/// read where it lies. Each element of C is the sum of blocks of k_block products, added in order
/// of k, whatever m and n are.
namespace tenon::kernels {

inline constexpr Index tile_rows = 4;
/// 32 bytes of columns: four rows of them stay in the sixteen registers of plain x86-64.
template <class T>
inline constexpr Index tile_columns = 32 / static_cast<Index>(sizeof(T));
/// A panel of this depth stays in the first-level cache while the rows pass over it.
inline constexpr Index k_block = 256;
/// Rows of A that stay in the second-level cache while the panels pass over them.
inline constexpr Index row_block = 64;

/// Neighbouring columns that are computed together: compilers keep arrays of these in registers,
/// which they do not reliably do with plain arrays.
template <class T>
using Lanes [[gnu::vector_size(16)]] = T;

template <class T>
Lanes<T> load(const T* x) {
  Lanes<T> lanes;
  std::memcpy(&lanes, x, sizeof lanes);
  return lanes;
}

/// A matrix whose element (i, j) lies at data[i * row + j * column].
template <class T>
struct Matrix {
  const T* data;
  Index row, column;

  Matrix from(Index i, Index j) const { return {data + i * row + j * column, row, column}; }
};

/// Values that a packed block of k rows and n columns takes.
template <class T>
constexpr Index packed_size(Index k, Index n) {
  return (n + tile_columns<T> - 1) / tile_columns<T> * tile_columns<T> * k;
}

/// Packs columns [j, j + tile_columns) of a k x n matrix; columns beyond n become zeros.
template <class T>
void pack_panel(const Matrix<T>& b, Index k, Index n, Index j, T* panel) {
  constexpr Index width = tile_columns<T>;
  const Index columns = std::min(width, n - j);
  if (columns < width) std::fill(panel, panel + k * width, T(0));
  const T* from = b.data + j * b.column;
  if (b.column == 1 && columns == width) {
    for (Index p = 0; p < k; ++p) {
      for (Index q = 0; q < width; ++q) panel[p * width + q] = from[p * b.row + q];
    }
    return;
  }
  for (Index q = 0; q < columns; ++q) {
    for (Index p = 0; p < k; ++p) panel[p * width + q] = from[p * b.row + q * b.column];
  }
}

template <class T>
void pack(const Matrix<T>& b, Index k, Index n, T* packed) {
  for (Index j = 0; j < n; j += tile_columns<T>) pack_panel(b, k, n, j, packed + j * k);
}

/// c[i][j] = (or += where accumulate) sum over k of a(i, p) panel[p][j] for Rows rows, of which the
/// first `columns` of tile_columns are stored. Rows of the panel lie panel_row apart.
template <class T, Index Rows>
void multiply_tile(const Matrix<T>& a, const T* panel, Index panel_row, Index k, T* c, Index c_row,
                   Index columns, bool accumulate) {
  constexpr Index width = tile_columns<T>, half = width / 2;
  Lanes<T> left[Rows] = {}, right[Rows] = {};
  for (Index p = 0; p < k; ++p) {
    const Lanes<T> b_left = load(panel + p * panel_row);
    const Lanes<T> b_right = load(panel + p * panel_row + half);
    for (Index i = 0; i < Rows; ++i) {
      const T factor = a.data[i * a.row + p * a.column];
      left[i] += factor * b_left;
      right[i] += factor * b_right;
    }
  }
  for (Index i = 0; i < Rows; ++i) {
    for (Index j = 0; j < columns; ++j) {
      const T sum = j < half ? left[i][j] : right[i][j - half];
      c[i * c_row + j] = accumulate ? c[i * c_row + j] + sum : sum;
    }
  }
}

/// One panel of columns of C = A B (or C += A B) for m rows.
template <class T>
void multiply_panel(const Matrix<T>& a, const T* panel, Index panel_row, Index m, Index k, T* c,
                    Index c_row, Index columns, bool accumulate) {
  Index i = 0;
  for (; i + tile_rows <= m; i += tile_rows) {
    multiply_tile<T, tile_rows>(a.from(i, 0), panel, panel_row, k, c + i * c_row, c_row, columns,
                                accumulate);
  }
  for (; i < m; ++i) {
    multiply_tile<T, 1>(a.from(i, 0), panel, panel_row, k, c + i * c_row, c_row, columns,
                        accumulate);
  }
}

/// C = A B (or C += A B) for m rows and n columns of C and one packed block of k rows of B.
template <class T>
void multiply_packed(const Matrix<T>& a, const T* packed, Index m, Index n, Index k, T* c,
                     Index c_row, bool accumulate) {
  for (Index i = 0; i < m; i += row_block) {
    const Index rows = std::min(row_block, m - i);
    for (Index j = 0; j < n; j += tile_columns<T>) {
      multiply_panel(a.from(i, 0), packed + j * k, tile_columns<T>, rows, k, c + i * c_row + j,
                     c_row, std::min(tile_columns<T>, n - j), accumulate);
    }
  }
}

/// The same for so few rows that packing B, whose rows are contiguous, would cost more than it
/// saves. scratch holds one panel.
template <class T>
void multiply_unpacked(const Matrix<T>& a, const Matrix<T>& b, Index m, Index n, Index k, T* c,
                       Index c_row, bool accumulate, T* scratch) {
  const Index full = n / tile_columns<T> * tile_columns<T>;
  for (Index j = 0; j < full; j += tile_columns<T>) {
    multiply_panel(a, b.from(0, j).data, b.row, m, k, c + j, c_row, tile_columns<T>, accumulate);
  }
  if (full == n) return;
  pack_panel(b, k, n, full, scratch);
  multiply_panel(a, scratch, tile_columns<T>, m, k, c + full, c_row, n - full, accumulate);
}

/// Values of scratch that multiply needs.
template <class T>
constexpr Index multiply_scratch(Index n, Index k) {
  return packed_size<T>(std::min(k, k_block), n);
}

/// C = A B, or C += A B where accumulate is set, on the calling thread; k > 0.
template <class T>
void multiply(const Matrix<T>& a, const Matrix<T>& b, Index m, Index n, Index k, T* c, Index c_row,
              bool accumulate, T* scratch) {
  for (Index p = 0; p < k; p += k_block) {
    const Index depth = std::min(k_block, k - p);
    const bool add = accumulate || p > 0;
    if (m <= tile_rows && b.column == 1) {
      multiply_unpacked(a.from(0, p), b.from(p, 0), m, n, depth, c, c_row, add, scratch);
    } else {
      pack(b.from(p, 0), depth, n, scratch);
      multiply_packed(a.from(0, p), scratch, m, n, depth, c, c_row, add);
    }
  }
}

}  // namespace tenon::kernels
