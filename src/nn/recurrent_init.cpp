#include "recurrent_init.hpp"

#include "tenon/nn/init.hpp"
#include "tenon/nn/lstm.hpp"
#include "tenon/nn/recurrent_cell.hpp"

namespace tenon::detail {
namespace {

/// Biases of an LSTM's forget gates, the second ones, start at 1.
template <class T>
void start(nn::BasicParameter<T>& weight_ih, nn::BasicParameter<T>& weight_hh,
           nn::BasicParameter<T>& bias_ih, nn::BasicParameter<T>& bias_hh, Index hidden_size,
           bool is_lstm) {
  nn::init::xavier_uniform_<T>(weight_ih);
  nn::init::orthogonal_<T>(weight_hh);
  if (!bias_ih.defined()) return;
  nn::init::constant_<T>(bias_ih, 0);
  nn::init::constant_<T>(bias_hh, 0);
  if (!is_lstm) return;
  BasicTensor<T> forget = bias_ih.narrow(0, hidden_size, hidden_size);
  nn::init::constant_<T>(forget, 1);
}

}  // namespace

template <class T>
bool start_recurrent_as_keras(nn::BasicModule<T>& module) {
  if (auto* net = dynamic_cast<nn::BasicRecurrent<T>*>(&module)) {
    const bool is_lstm = dynamic_cast<nn::BasicLSTM<T>*>(&module) != nullptr;
    for (Index layer = 0; layer < net->num_layers(); ++layer) {
      for (Index direction = 0; direction < net->directions(); ++direction) {
        nn::BasicRecurrentParameters<T>& p = net->layer(layer, direction == 1);
        start(p.weight_ih, p.weight_hh, p.bias_ih, p.bias_hh, net->hidden_size(), is_lstm);
        if (p.weight_hr.defined()) nn::init::xavier_uniform_<T>(p.weight_hr);
      }
    }
    return true;
  }
  auto* cell = dynamic_cast<nn::BasicRecurrentCell<T>*>(&module);
  if (cell == nullptr) return false;
  const bool is_lstm = dynamic_cast<nn::BasicLSTMCell<T>*>(&module) != nullptr;
  start(cell->weight_ih, cell->weight_hh, cell->bias_ih, cell->bias_hh, cell->weight_hh.size(1),
        is_lstm);
  return true;
}

template bool start_recurrent_as_keras(nn::BasicModule<float>&);
template bool start_recurrent_as_keras(nn::BasicModule<double>&);

}  // namespace tenon::detail
