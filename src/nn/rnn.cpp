#include "tenon/nn/rnn.hpp"

namespace tenon::nn {

template <class T>
BasicRNN<T>::BasicRNN(Index input_size, Index hidden_size, const RNNOptions& options)
    : BasicRecurrent<T>("RNN", {.gates = 1,
                                .input_size = input_size,
                                .hidden_size = hidden_size,
                                .outputs = hidden_size,
                                .projects = false,
                                .num_layers = options.num_layers,
                                .bias = options.bias,
                                .batch_first = options.batch_first,
                                .dropout = options.dropout,
                                .bidirectional = options.bidirectional}),
      nonlinearity_(options.nonlinearity) {}

template <class T>
BasicRecurrentResult<T> BasicRNN<T>::run(const BasicTensor<T>& x, const BasicTensor<T>& state,
                                         const LongTensor& lengths) const {
  BasicTensor<T> y = x, h[BasicRecurrent<T>::most_layers];
  for (Index i = 0; i < this->num_layers(); ++i) {
    auto result = rnn(y, this->state("h", state, i, this->hidden_size()), this->weights(i),
                      nonlinearity_, lengths, this->options());
    y = this->between(result.y, i);
    h[i] = std::move(result.h);
  }
  return {std::move(y), this->joined(h)};
}

template <class T>
BasicRecurrentResult<T> BasicRNN<T>::operator()(const BasicTensor<T>& x, const BasicTensor<T>& h,
                                                const LongTensor& lengths) {
  return this->call([&] { return run(x, h, lengths); });
}

template <class T>
BasicTensor<T> BasicRNN<T>::forward(const BasicTensor<T>& x) {
  return run(x, {}, {}).y;
}

template <class T>
std::string BasicRNN<T>::description() const {
  std::string text = BasicRecurrent<T>::description();
  if (nonlinearity_ == Nonlinearity::relu) text.insert(text.size() - 1, ", relu");
  return text;
}

template class BasicRNN<float>;
template class BasicRNN<double>;

}  // namespace tenon::nn
