#include "tenon/nn/gru.hpp"

namespace tenon::nn {

template <class T>
BasicGRU<T>::BasicGRU(Index input_size, Index hidden_size, const GRUOptions& options)
    : BasicRecurrent<T>("GRU", {.gates = 3,
                                .input_size = input_size,
                                .hidden_size = hidden_size,
                                .outputs = hidden_size,
                                .projects = false,
                                .num_layers = options.num_layers,
                                .bias = options.bias,
                                .batch_first = options.batch_first,
                                .dropout = options.dropout,
                                .bidirectional = options.bidirectional}) {}

template <class T>
BasicRecurrentResult<T> BasicGRU<T>::run(const BasicTensor<T>& x, const BasicTensor<T>& state,
                                         const LongTensor& lengths) const {
  BasicTensor<T> y = x, h[BasicRecurrent<T>::most_layers];
  for (Index i = 0; i < this->num_layers(); ++i) {
    auto result = gru(y, this->state("h", state, i, this->hidden_size()), this->weights(i), lengths,
                      this->options());
    y = this->between(result.y, i);
    h[i] = std::move(result.h);
  }
  return {std::move(y), this->joined(h)};
}

template <class T>
BasicRecurrentResult<T> BasicGRU<T>::operator()(const BasicTensor<T>& x, const BasicTensor<T>& h,
                                                const LongTensor& lengths) {
  return this->call([&] { return run(x, h, lengths); });
}

template <class T>
BasicTensor<T> BasicGRU<T>::forward(const BasicTensor<T>& x) {
  return run(x, {}, {}).y;
}

template class BasicGRU<float>;
template class BasicGRU<double>;

}  // namespace tenon::nn
