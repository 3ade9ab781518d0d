#include "tenon/nn/recurrent_cell.hpp"

#include <cmath>

#include "tenon/autograd/record.hpp"
#include "tenon/base/error.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::nn {

template <class T>
BasicRecurrentCell<T>::BasicRecurrentCell(const char* name, Index gates, Index input_size,
                                          Index hidden_size, bool bias)
    : hidden_size_(hidden_size) {
  if (input_size < 1 || hidden_size < 1) {
    detail::fail<ValueError>(name, "input_size and hidden_size must be at least 1, not ",
                             input_size, " and ", hidden_size, "; hint: nn::", name,
                             "(input_size, hidden_size)");
  }
  const double bound = 1 / std::sqrt(static_cast<double>(hidden_size));
  weight_ih = uniform<T>({gates * hidden_size, input_size}, -bound, bound);
  weight_hh = uniform<T>({gates * hidden_size, hidden_size}, -bound, bound);
  if (!bias) return;
  bias_ih = uniform<T>({gates * hidden_size}, -bound, bound);
  bias_hh = uniform<T>({gates * hidden_size}, -bound, bound);
}

template <class T>
void BasicRecurrentCell<T>::visit(BasicVisitor<T>& v) {
  v("weight_ih", weight_ih);
  v("weight_hh", weight_hh);
  if (bias_ih.defined()) v("bias_ih", bias_ih);
  if (bias_hh.defined()) v("bias_hh", bias_hh);
}

template <class T>
std::string BasicRecurrentCell<T>::description() const {
  if (!weight_ih.defined()) return this->name() + "(moved from)";
  return this->name() + "(" + std::to_string(weight_ih.size(1)) + " -> " +
         std::to_string(hidden_size_) + (bias_ih.defined() ? ")" : ", bias=false)");
}

template <class T>
BasicRNNCell<T>::BasicRNNCell(Index input_size, Index hidden_size, const RNNCellOptions& options)
    : BasicRecurrentCell<T>("RNNCell", 1, input_size, hidden_size, options.bias),
      nonlinearity_(options.nonlinearity) {}

template <class T>
BasicTensor<T> BasicRNNCell<T>::operator()(const BasicTensor<T>& x, const BasicTensor<T>& h) {
  return this->call(
      [&] { return rnn_cell(x, detail::carried(h), this->weights(), nonlinearity_); });
}

template <class T>
BasicTensor<T> BasicRNNCell<T>::forward(const BasicTensor<T>& x) {
  return rnn_cell(x, {}, this->weights(), nonlinearity_);
}

template <class T>
BasicLSTMCell<T>::BasicLSTMCell(Index input_size, Index hidden_size,
                                const RecurrentCellOptions& options)
    : BasicRecurrentCell<T>("LSTMCell", 4, input_size, hidden_size, options.bias) {}

template <class T>
BasicLSTMState<T> BasicLSTMCell<T>::operator()(const BasicTensor<T>& x,
                                               const BasicLSTMState<T>& state) {
  return this->call([&] {
    return lstm_cell(x, {detail::carried(state.h), detail::carried(state.c)}, this->weights());
  });
}

template <class T>
BasicTensor<T> BasicLSTMCell<T>::forward(const BasicTensor<T>& x) {
  return lstm_cell(x, {}, this->weights()).h;
}

template <class T>
BasicGRUCell<T>::BasicGRUCell(Index input_size, Index hidden_size,
                              const RecurrentCellOptions& options)
    : BasicRecurrentCell<T>("GRUCell", 3, input_size, hidden_size, options.bias) {}

template <class T>
BasicTensor<T> BasicGRUCell<T>::operator()(const BasicTensor<T>& x, const BasicTensor<T>& h) {
  return this->call([&] { return gru_cell(x, detail::carried(h), this->weights()); });
}

template <class T>
BasicTensor<T> BasicGRUCell<T>::forward(const BasicTensor<T>& x) {
  return gru_cell(x, {}, this->weights());
}

template class BasicRecurrentCell<float>;
template class BasicRecurrentCell<double>;
template class BasicRNNCell<float>;
template class BasicRNNCell<double>;
template class BasicLSTMCell<float>;
template class BasicLSTMCell<double>;
template class BasicGRUCell<float>;
template class BasicGRUCell<double>;

}  // namespace tenon::nn
