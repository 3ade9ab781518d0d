#pragma once

#include <concepts>
#include <type_traits>

#include "tenon/kernels/rnn.hpp"
#include "tenon/ops/recurrent.hpp"

namespace tenon {

using kernels::Nonlinearity;

/// One layer of Elman's network; ops/recurrent.hpp explains operands and results. In each step
///   h' = f(w_ih x + b_ih + w_hh h + b_hh)
/// As torch.nn.RNN.
/// Source: Elman, "Finding structure in time", Cognitive Science 14, 1990.
template <std::floating_point T>
TENON_API BasicRecurrentResult<T> rnn(const BasicTensor<T>& x,
                                      const BasicTensor<std::type_identity_t<T>>& h,
                                      RecurrentWeightSpan<T> weights,
                                      Nonlinearity f = Nonlinearity::tanh,
                                      const LongTensor& lengths = {},
                                      const RecurrentOptions& options = {});

/// One step of it, made of other operations: x (N, D), h (N, S).
template <std::floating_point T>
TENON_API BasicTensor<T> rnn_cell(const BasicTensor<T>& x,
                                  const BasicTensor<std::type_identity_t<T>>& h,
                                  const BasicRecurrentWeights<std::type_identity_t<T>>& weights,
                                  Nonlinearity f = Nonlinearity::tanh);

}  // namespace tenon
