#pragma once

#include "tenon/kernels/recurrent.hpp"

namespace tenon::kernels {

/// What an Elman network does to its sums.
enum class Nonlinearity { tanh, relu };

/// Values that the forward pass leaves for the backward one: h of every step.
template <class T>
TENON_API Index rnn_saved_size(const RecurrentDims& dims);

/// Elman's network. For each step of each sequence, in its direction:
///   h = f(w_ih x + b_ih + w_hh h + b_hh),   f = tanh or max(., 0)
/// Parallel as lstm_forward.
template <class T>
TENON_API void rnn_forward(const RecurrentDims& dims, Nonlinearity f,
                           const RecurrentForward<T>& operands);

/// As lstm_backward.
template <class T>
TENON_API void rnn_backward(const RecurrentDims& dims, Nonlinearity f,
                            const RecurrentForward<T>& operands,
                            const RecurrentBackward<T>& gradients);

}  // namespace tenon::kernels
