#pragma once

#include <concepts>

#include "tenon/nn/recurrent.hpp"
#include "tenon/ops/gru.hpp"

namespace tenon::nn {

struct GRUOptions {
  Index num_layers = 1;
  bool bias = true;
  bool batch_first = true;     ///< x and y are (N, L, ...), otherwise (L, N, ...)
  double dropout = 0;          ///< of all outputs but the last layer's, in training
  bool bidirectional = false;  ///< a second direction; y holds both side by side
};

/// Gated recurrent units over sequences; see gru(). Calls and states as nn::LSTM's, the state being
/// one tensor: auto [y, h] = gru(x, {}).
template <class T>
class TENON_API BasicGRU : public BasicRecurrent<T> {
 public:
  using BasicModule<T>::operator();

  /// Both sizes >= 1. Throws ValueError.
  BasicGRU(Index input_size, Index hidden_size, const GRUOptions& options = {});

  BasicRecurrentResult<T> operator()(const BasicTensor<T>& x, const BasicTensor<T>& h,
                                     const LongTensor& lengths = {});
  template <std::same_as<LongTensor> L>
  BasicRecurrentResult<T> operator()(const BasicTensor<T>& x, const L& lengths) {
    return (*this)(x, {}, lengths);
  }
  /// All outputs, from the zero state.
  BasicTensor<T> forward(const BasicTensor<T>& x) override;

 private:
  BasicRecurrentResult<T> run(const BasicTensor<T>& x, const BasicTensor<T>& h,
                              const LongTensor& lengths) const;
};

extern template class BasicGRU<float>;
extern template class BasicGRU<double>;

using GRU = BasicGRU<float>;

}  // namespace tenon::nn
