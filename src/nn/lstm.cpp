#include "tenon/nn/lstm.hpp"

namespace tenon::nn {

template <class T>
BasicLSTM<T>::BasicLSTM(Index input_size, Index hidden_size, const LSTMOptions& options)
    : BasicRecurrent<T>("LSTM",
                        {.gates = 4,
                         .input_size = input_size,
                         .hidden_size = hidden_size,
                         .outputs = options.proj_size == 0 ? hidden_size : options.proj_size,
                         .projects = options.proj_size != 0,
                         .num_layers = options.num_layers,
                         .bias = options.bias,
                         .batch_first = options.batch_first,
                         .dropout = options.dropout,
                         .bidirectional = options.bidirectional}),
      outputs_(options.proj_size == 0 ? hidden_size : options.proj_size) {}

template <class T>
BasicLSTMResult<T> BasicLSTM<T>::run(const BasicTensor<T>& x, const BasicLSTMState<T>& state,
                                     const LongTensor& lengths) const {
  BasicTensor<T> y = x, h[BasicRecurrent<T>::most_layers], c[BasicRecurrent<T>::most_layers];
  for (Index i = 0; i < this->num_layers(); ++i) {
    const BasicLSTMState<T> first{this->state("h", state.h, i, outputs_),
                                  this->state("c", state.c, i, this->hidden_size())};
    auto result = lstm(y, first, this->weights(i), lengths, this->options());
    y = this->between(result.y, i);
    h[i] = std::move(result.state.h);
    c[i] = std::move(result.state.c);
  }
  return {std::move(y), {this->joined(h), this->joined(c)}};
}

template <class T>
BasicLSTMResult<T> BasicLSTM<T>::operator()(const BasicTensor<T>& x, const BasicLSTMState<T>& state,
                                            const LongTensor& lengths) {
  return this->call([&] { return run(x, state, lengths); });
}

template <class T>
BasicTensor<T> BasicLSTM<T>::forward(const BasicTensor<T>& x) {
  return run(x, {}, {}).y;
}

template class BasicLSTM<float>;
template class BasicLSTM<double>;

}  // namespace tenon::nn
