#pragma once

#include "tenon/kernels/recurrent.hpp"

namespace tenon::kernels {

/// Values that the forward pass leaves for the backward one: the activated gates and c of every
/// step.
template <class T>
TENON_API Index lstm_saved_size(const RecurrentDims& dims);

/// Long short-term memory. For each step of each sequence, in its direction:
///   i, f, o = sigmoid, g = tanh of their rows of w_ih x + b_ih + w_hh h + b_hh
///   c = f c + i g,   h = w_hr (o tanh c), or o tanh c without w_hr
/// The rows of the weights are those of i, f, g, o in this order. Parallel over directions and
/// blocks of sequences, each of which runs through all its steps on its own; a sequence has the
/// same bits in every batch.
template <class T>
TENON_API void lstm_forward(const RecurrentDims& dims, const RecurrentForward<T>& operands);

/// The gradients of sum(dy y) + sum(dhn hn) + sum(dcn cn). operands are those of the forward pass,
/// with what it saved and its y. Those of the weights are summed over chunks of sequences in an
/// order that follows from the sizes.
template <class T>
TENON_API void lstm_backward(const RecurrentDims& dims, const RecurrentForward<T>& operands,
                             const RecurrentBackward<T>& gradients);

}  // namespace tenon::kernels
