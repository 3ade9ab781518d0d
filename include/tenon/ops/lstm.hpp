#pragma once

#include <concepts>
#include <type_traits>

#include "tenon/ops/recurrent.hpp"

namespace tenon {

/// What an LSTM carries from step to step: h, its output, and c, the cell state. Undefined tensors
/// are zeros: {} is the state to start from.
template <class T>
struct BasicLSTMState {
  BasicTensor<T> h, c;
};
using LSTMState = BasicLSTMState<float>;

/// All outputs, and the state after the last step.
template <class T>
struct BasicLSTMResult {
  BasicTensor<T> y;
  BasicLSTMState<T> state;
};

/// One layer of long short-term memory; ops/recurrent.hpp explains operands and results. In each
/// step
///   i, f, o = sigmoid, g = tanh of their rows of w_ih x + b_ih + w_hh h + b_hh
///   c' = f c + i g,   h' = w_hr (o tanh c'), or o tanh c' without w_hr
/// where the rows are those of i, f, g, o in this order. As torch.nn.LSTM.
/// Source: Hochreiter, Schmidhuber, "Long short-term memory", Neural Computation 9, 1997; forget
/// gate: Gers et al., 2000; projection: Sak et al., Interspeech 2014.
template <std::floating_point T>
TENON_API BasicLSTMResult<T> lstm(const BasicTensor<T>& x,
                                  const BasicLSTMState<std::type_identity_t<T>>& state,
                                  RecurrentWeightSpan<T> weights, const LongTensor& lengths = {},
                                  const RecurrentOptions& options = {});

/// One step of it, made of other operations: x (N, D), h (N, H), c (N, S).
template <std::floating_point T>
TENON_API BasicLSTMState<T> lstm_cell(
    const BasicTensor<T>& x, const BasicLSTMState<std::type_identity_t<T>>& state,
    const BasicRecurrentWeights<std::type_identity_t<T>>& weights);

}  // namespace tenon
