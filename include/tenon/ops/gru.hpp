#pragma once

#include <concepts>
#include <type_traits>

#include "tenon/ops/recurrent.hpp"

namespace tenon {

/// One layer of gated recurrent units; ops/recurrent.hpp explains operands and results. In each
/// step
///   r, z = sigmoid of their rows of w_ih x + b_ih + w_hh h + b_hh
///   n = tanh(w_in x + b_in + r (w_hn h + b_hn)),   h' = (1 - z) n + z h
/// where the rows are those of r, z, n in this order. As torch.nn.GRU.
/// Source: Cho et al., "Learning phrase representations using RNN encoder-decoder", EMNLP 2014,
/// with the reset gate behind the product as in cuDNN.
template <std::floating_point T>
TENON_API BasicRecurrentResult<T> gru(const BasicTensor<T>& x,
                                      const BasicTensor<std::type_identity_t<T>>& h,
                                      RecurrentWeightSpan<T> weights,
                                      const LongTensor& lengths = {},
                                      const RecurrentOptions& options = {});

/// One step of it, made of other operations: x (N, D), h (N, S).
template <std::floating_point T>
TENON_API BasicTensor<T> gru_cell(const BasicTensor<T>& x,
                                  const BasicTensor<std::type_identity_t<T>>& h,
                                  const BasicRecurrentWeights<std::type_identity_t<T>>& weights);

}  // namespace tenon
