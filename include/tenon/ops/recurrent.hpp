#pragma once

#include <span>
#include <type_traits>

#include "tenon/tensor/tensor.hpp"

/// What rnn(), lstm() and gru() share. Each is one layer over whole sequences; nn::RNN, nn::LSTM
/// and nn::GRU are what networks are made of.
///
///   x        (N, L, D), or (L, N, D) with batch_first = false; any strides
///   h, c     (directions, N, H) and (directions, N, S): the states before the first step;
///            undefined: zeros
///   weights  one entry for each direction, one or two; the second one reads every sequence from
///            its end
///   lengths  (N), undefined where all sequences have L steps: how many steps of each are real, in
///            [0, L]. Beyond them x is not read, y is 0 and there is no gradient; the returned
///            state is that after the last real step, the second direction starts there, and a
///            sequence without a step keeps the state that it came with. All of it is what each
///            sequence would give alone. Steps that are not real cost nothing.
///   y        (N, L, directions H), the directions side by side; laid out as x is
///
/// D features, S hidden units, H = S, or less where an LSTM projects. Throw ShapeError where sizes
/// do not fit together, ValueError for undefined operands and lengths out of their range. Save
/// operands and results, and of each real step the activated gates and the cell state. There is no
/// second derivative: the cells, rnn_cell(), lstm_cell() and gru_cell(), are made of operations and
/// have all.
namespace tenon {

/// One direction's weights: w_ih (gates S, D), w_hh (gates S, H), b_ih and b_hh (gates S),
/// undefined without biases, and w_hr (H, S), undefined without a projection.
template <class T>
struct BasicRecurrentWeights {
  BasicTensor<T> w_ih, w_hh, b_ih, b_hh, w_hr;
};
using RecurrentWeights = BasicRecurrentWeights<float>;

/// Of one direction or two; {&w, 1} is the span of one. T is deduced from the other operands.
template <class T>
using RecurrentWeightSpan = std::span<const BasicRecurrentWeights<std::type_identity_t<T>>>;

/// What rnn() and gru() return: all outputs, and h after the last step.
template <class T>
struct BasicRecurrentResult {
  BasicTensor<T> y, h;
};

struct RecurrentOptions {
  bool batch_first = true;  ///< x and y are (N, L, ...), otherwise (L, N, ...)
};

}  // namespace tenon
