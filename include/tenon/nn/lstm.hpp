#pragma once

#include <concepts>

#include "tenon/nn/recurrent.hpp"
#include "tenon/ops/lstm.hpp"

namespace tenon::nn {

struct LSTMOptions {
  Index num_layers = 1;
  bool bias = true;
  bool batch_first = true;     ///< x and y are (N, L, ...), otherwise (L, N, ...)
  double dropout = 0;          ///< of all outputs but the last layer's, in training
  bool bidirectional = false;  ///< a second direction; y holds both side by side
  Index proj_size = 0;         ///< values that h is projected to, below hidden_size; 0: none
};

/// Long short-term memory over sequences; see lstm().
///
///   nn::LSTM lstm(16, 64);
///   auto [y, next] = lstm(x, state);      // x (N, L, 16) -> y (N, L, 64), next.h and .c (1, N,
///   64) state = next;                         // {} is the state to start from auto [z, last] =
///   lstm(x, lengths);    // sequences of different lengths Tensor outputs = lstm(x);
///
/// A state has shape (num_layers directions, N, H) and a gradient within one tape. Carried on to
/// the next tape it is a constant, as truncated back-propagation through time wants it.
template <class T>
class TENON_API BasicLSTM : public BasicRecurrent<T> {
 public:
  using BasicModule<T>::operator();

  /// Both sizes >= 1. Throws ValueError.
  BasicLSTM(Index input_size, Index hidden_size, const LSTMOptions& options = {});

  BasicLSTMResult<T> operator()(const BasicTensor<T>& x, const BasicLSTMState<T>& state,
                                const LongTensor& lengths = {});
  template <std::same_as<LongTensor> L>
  BasicLSTMResult<T> operator()(const BasicTensor<T>& x, const L& lengths) {
    return (*this)(x, {}, lengths);
  }
  /// All outputs, from the zero state.
  BasicTensor<T> forward(const BasicTensor<T>& x) override;

 private:
  BasicLSTMResult<T> run(const BasicTensor<T>& x, const BasicLSTMState<T>& state,
                         const LongTensor& lengths) const;

  Index outputs_;
};

extern template class BasicLSTM<float>;
extern template class BasicLSTM<double>;

using LSTM = BasicLSTM<float>;

}  // namespace tenon::nn
