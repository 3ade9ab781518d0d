#pragma once

#include <string>

#include "tenon/nn/recurrent.hpp"
#include "tenon/ops/gru.hpp"
#include "tenon/ops/lstm.hpp"
#include "tenon/ops/rnn.hpp"

/// One step of a recurrent network, for loops of one's own: made of operations, so that derivatives
/// of every order exist. A sequence is faster in nn::RNN, nn::LSTM and nn::GRU. Parameters are
/// named weight_ih, weight_hh, bias_ih and bias_hh, as PyTorch's, uniform in +-1 /
/// sqrt(hidden_size) to start with.
namespace tenon::nn {

struct RecurrentCellOptions {
  bool bias = true;
};
struct RNNCellOptions {
  Nonlinearity nonlinearity = Nonlinearity::tanh;
  bool bias = true;
};

template <class T>
class TENON_API BasicRecurrentCell : public BasicModule<T> {
 public:
  void visit(BasicVisitor<T>& v) override;
  std::string description() const override;

  BasicParameter<T> weight_ih;  ///< (gates S, D)
  BasicParameter<T> weight_hh;  ///< (gates S, S)
  BasicParameter<T> bias_ih;    ///< (gates S), undefined without a bias
  BasicParameter<T> bias_hh;    ///< (gates S), undefined without a bias

 protected:
  /// Throws ValueError.
  BasicRecurrentCell(const char* name, Index gates, Index input_size, Index hidden_size, bool bias);
  BasicRecurrentWeights<T> weights() const { return {weight_ih, weight_hh, bias_ih, bias_hh, {}}; }

 private:
  Index hidden_size_;
};

/// h' = f(w_ih x + b_ih + w_hh h + b_hh); see rnn_cell().
template <class T>
class TENON_API BasicRNNCell : public BasicRecurrentCell<T> {
 public:
  using BasicModule<T>::operator();
  /// Both sizes >= 1. Throws ValueError.
  BasicRNNCell(Index input_size, Index hidden_size, const RNNCellOptions& options = {});
  /// x (N, D), h (N, S), undefined for zeros  ->  h' (N, S)
  BasicTensor<T> operator()(const BasicTensor<T>& x, const BasicTensor<T>& h);
  /// From the zero state.
  BasicTensor<T> forward(const BasicTensor<T>& x) override;

 private:
  Nonlinearity nonlinearity_;
};

/// See lstm_cell().
template <class T>
class TENON_API BasicLSTMCell : public BasicRecurrentCell<T> {
 public:
  using BasicModule<T>::operator();
  /// Both sizes >= 1. Throws ValueError.
  BasicLSTMCell(Index input_size, Index hidden_size, const RecurrentCellOptions& options = {});
  /// x (N, D), h and c (N, S), undefined for zeros  ->  h' and c' (N, S)
  BasicLSTMState<T> operator()(const BasicTensor<T>& x, const BasicLSTMState<T>& state);
  /// h' from the zero state.
  BasicTensor<T> forward(const BasicTensor<T>& x) override;
};

/// See gru_cell().
template <class T>
class TENON_API BasicGRUCell : public BasicRecurrentCell<T> {
 public:
  using BasicModule<T>::operator();
  /// Both sizes >= 1. Throws ValueError.
  BasicGRUCell(Index input_size, Index hidden_size, const RecurrentCellOptions& options = {});
  /// x (N, D), h (N, S), undefined for zeros  ->  h' (N, S)
  BasicTensor<T> operator()(const BasicTensor<T>& x, const BasicTensor<T>& h);
  /// From the zero state.
  BasicTensor<T> forward(const BasicTensor<T>& x) override;
};

extern template class BasicRecurrentCell<float>;
extern template class BasicRecurrentCell<double>;
extern template class BasicRNNCell<float>;
extern template class BasicRNNCell<double>;
extern template class BasicLSTMCell<float>;
extern template class BasicLSTMCell<double>;
extern template class BasicGRUCell<float>;
extern template class BasicGRUCell<double>;

using RNNCell = BasicRNNCell<float>;
using LSTMCell = BasicLSTMCell<float>;
using GRUCell = BasicGRUCell<float>;

}  // namespace tenon::nn
