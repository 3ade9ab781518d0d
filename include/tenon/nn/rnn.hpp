#pragma once

#include <concepts>

#include "tenon/nn/recurrent.hpp"
#include "tenon/ops/rnn.hpp"

namespace tenon::nn {

struct RNNOptions {
  Index num_layers = 1;
  Nonlinearity nonlinearity = Nonlinearity::tanh;
  bool bias = true;
  bool batch_first = true;     ///< x and y are (N, L, ...), otherwise (L, N, ...)
  double dropout = 0;          ///< of all outputs but the last layer's, in training
  bool bidirectional = false;  ///< a second direction; y holds both side by side
};

/// Elman's recurrent network over sequences; see rnn(). Calls and states as nn::LSTM's, the state
/// being one tensor: auto [y, h] = rnn(x, {}).
template <class T>
class TENON_API BasicRNN : public BasicRecurrent<T> {
 public:
  using BasicModule<T>::operator();

  /// Both sizes >= 1. Throws ValueError.
  BasicRNN(Index input_size, Index hidden_size, const RNNOptions& options = {});

  BasicRecurrentResult<T> operator()(const BasicTensor<T>& x, const BasicTensor<T>& h,
                                     const LongTensor& lengths = {});
  template <std::same_as<LongTensor> L>
  BasicRecurrentResult<T> operator()(const BasicTensor<T>& x, const L& lengths) {
    return (*this)(x, {}, lengths);
  }
  /// All outputs, from the zero state.
  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  std::string description() const override;

 private:
  BasicRecurrentResult<T> run(const BasicTensor<T>& x, const BasicTensor<T>& h,
                              const LongTensor& lengths) const;

  Nonlinearity nonlinearity_;
};

extern template class BasicRNN<float>;
extern template class BasicRNN<double>;

using RNN = BasicRNN<float>;

}  // namespace tenon::nn
