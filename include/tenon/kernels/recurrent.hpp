#pragma once

#include "tenon/kernels/dims.hpp"

/// What the kernels of rnn, lstm and gru share: one layer over whole sequences, in one direction or
/// in both.
namespace tenon::kernels {

/// Sizes, and strides in elements. Features and units lie one after another.
///   x (N, L, D)   y (N, L, directions O)   h0, hn (directions, N, O)   c0, cn (directions, N, S)
/// where O = outputs: S, or less where an LSTM projects. h0, hn, c0, cn are contiguous.
struct RecurrentDims {
  Index n, l;             ///< sequences, steps
  Index d, s;             ///< features of x, hidden units
  Index outputs;          ///< values of h
  Index directions = 1;   ///< with 2 the second one reads every sequence from its own end
  Index x_row, x_step;    ///< from one sequence of x to the next, and from one step
  Index dx_row, dx_step;  ///< of dx
  Index y_row, y_step;    ///< of y
  /// Steps of each sequence, in [0, L]; null where all have L. Beyond them x is not read and y is
  /// 0; hn is h after the last of them, h0 where there are none.
  const Index* lengths = nullptr;
};

/// One direction's weights: w_ih (gates S, D), w_hh (gates S, O), b_ih and b_hh (gates S) or null,
/// w_hr (O, S) or null where h is not projected. All contiguous.
template <class T>
struct RecurrentWeights {
  const T* w_ih = nullptr;
  const T* w_hh = nullptr;
  const T* b_ih = nullptr;
  const T* b_hh = nullptr;
  const T* w_hr = nullptr;
};

/// Operands of a forward pass. Of a GRU and an RNN, c0 and cn are null.
template <class T>
struct RecurrentForward {
  const T* x = nullptr;
  RecurrentWeights<T> weights[2];  ///< of each direction
  const T* h0 = nullptr;           ///< null: zeros
  const T* c0 = nullptr;           ///< null: zeros
  T* y = nullptr;
  T* hn = nullptr;
  T* cn = nullptr;
  /// For the backward pass, as many values as *_saved_size says, at the beginning of a cache line;
  /// null: nothing.
  T* saved = nullptr;
};

/// One direction's gradients, each null where it is not wanted.
template <class T>
struct RecurrentWeightGradients {
  T* w_ih = nullptr;
  T* w_hh = nullptr;
  T* b_ih = nullptr;
  T* b_hh = nullptr;
  T* w_hr = nullptr;
};

/// Operands of a backward pass. dy, dhn, dcn null: zeros. Results are null where not wanted.
template <class T>
struct RecurrentBackward {
  const T* dy = nullptr;
  Index dy_row = 0, dy_step = 0;  ///< of dy, which may repeat its values
  const T* dhn = nullptr;
  const T* dcn = nullptr;
  T* dx = nullptr;
  T* dh0 = nullptr;
  T* dc0 = nullptr;
  RecurrentWeightGradients<T> weights[2];
};

}  // namespace tenon::kernels
