#pragma once

#include "tenon/kernels/recurrent.hpp"
#include "tenon/ops/recurrent.hpp"

// What rnn, lstm and gru share: checks, one kernel call, one recorded rule.

namespace tenon::detail {

/// What tells the three apart.
template <class T>
struct RecurrentKernels {
  const char *name, *backward_name;
  Index gates;
  bool has_c;
  Index (*saved_size)(const kernels::RecurrentDims&);
  void (*forward)(const kernels::RecurrentDims&, const kernels::RecurrentForward<T>&);
  void (*backward)(const kernels::RecurrentDims&, const kernels::RecurrentForward<T>&,
                   const kernels::RecurrentBackward<T>&);
};

template <class T>
struct RecurrentStates {
  BasicTensor<T> h, c;
};
template <class T>
struct RecurrentOutputs {
  BasicTensor<T> y;
  RecurrentStates<T> last;
};

/// kernels lives as long as the program: the rule refers to it.
template <class T>
RecurrentOutputs<T> recurrent(const RecurrentKernels<T>& kernels, const BasicTensor<T>& x,
                              const RecurrentStates<T>& first, RecurrentWeightSpan<T> weights,
                              const LongTensor& lengths, const RecurrentOptions& options);

/// The operands of one step: x (N, D), the weights; h (N, H) and c (N, S) where defined. Gives S.
template <class T>
Index check_cell(const char* op, Index gates, const BasicTensor<T>& x,
                 const RecurrentStates<T>& state, const BasicRecurrentWeights<T>& weights);

}  // namespace tenon::detail
