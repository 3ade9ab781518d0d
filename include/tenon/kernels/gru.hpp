#pragma once

#include "tenon/kernels/recurrent.hpp"

namespace tenon::kernels {

/// Values that the forward pass leaves for the backward one: the activated gates of every step, and
/// q.
template <class T>
TENON_API Index gru_saved_size(const RecurrentDims& dims);

/// Gated recurrent units. For each step of each sequence, in its direction:
///   r, z = sigmoid of their rows of w_ih x + b_ih + w_hh h + b_hh
///   n = tanh(w_in x + b_in + r q),  q = w_hn h + b_hn,   h = (1 - z) n + z h
/// The rows of the weights are those of r, z, n in this order. Parallel as lstm_forward.
template <class T>
TENON_API void gru_forward(const RecurrentDims& dims, const RecurrentForward<T>& operands);

/// As lstm_backward.
template <class T>
TENON_API void gru_backward(const RecurrentDims& dims, const RecurrentForward<T>& operands,
                            const RecurrentBackward<T>& gradients);

}  // namespace tenon::kernels
