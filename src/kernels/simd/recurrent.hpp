#pragma once

#include "tenon/kernels/recurrent.hpp"

/// The driver of rnn, lstm and gru: plain C++ around the register tile. What tells the three apart
/// is a table: which gates there are, and what is done with their sums.
///
/// Sequences are sorted by length and divided in blocks of rows. A block and a direction are a
/// task, which runs through all steps without waiting for another one. In a step of the forward
/// pass, for each group of units: one product with the packed recurrent weights adds to the sums
/// that a product over some steps of x has left there, and the gates are applied while these are in
/// the first-level cache.
namespace tenon::kernels {

/// What is done with the sums of one group of units, a few vectors, in all rows of a step. Gate k
/// of unit u of the first row lies at sums[k width + u], and likewise in saved and dsums. Rows are
/// padded to whole groups; what comes of padding is 0 or not used.
template <class T>
struct GateForward {
  Index rows, width;
  const T* sums;
  Index sums_row;
  T* saved;  ///< for the backward pass, one row behind the other; null: nothing
  const T* h_before;
  const T* c_before;  ///< may be c
  T* c;
  T* h;
  Index h_before_row, h_row, c_row;  ///< c_row: of c and c_before
};

template <class T>
struct GateBackward {
  Index rows, width;
  const T* saved;
  const T* h_before;
  Index h_before_row;
  const T* c_before;
  const T* c;
  T* dh;  ///< in: the gradient of h; out: what of it reaches h_before directly, if anything does
  T* dc;  ///< in: of c; out: of c_before
  Index state_row;  ///< of c_before, c, dh, dc and h
  T* dsums;         ///< gradients of the sums
  Index sums_row;
  T* h;  ///< computed again where not null
};

/// Neighbours among a unit's stored gates, and which gates of the weights they belong to.
struct GateRange {
  int first, count;
  int weight[4];
};

/// One network in one instruction set.
template <class T>
struct CellKernels {
  int stored;                  ///< sums of a unit
  GateRange input, recurrent;  ///< those that x and that h contributes to
  bool has_c;
  bool passes_dh;  ///< h_before reaches h not only through the gates
  void (*forward)(const GateForward<T>&);
  void (*backward)(const GateBackward<T>&);
};

template <class T>
Index recurrent_saved_size(const CellKernels<T>& cell, const RecurrentDims& dims);
template <class T>
void recurrent_forward(const CellKernels<T>& cell, const RecurrentDims& dims,
                       const RecurrentForward<T>& operands);
template <class T>
void recurrent_backward(const CellKernels<T>& cell, const RecurrentDims& dims,
                        const RecurrentForward<T>& operands, const RecurrentBackward<T>& gradients);

}  // namespace tenon::kernels
