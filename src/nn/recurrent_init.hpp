#pragma once

#include "tenon/nn/module.hpp"

namespace tenon::detail {

/// Starts an RNN, LSTM or GRU, or a cell of one, as Keras does; false for any other module.
template <class T>
bool start_recurrent_as_keras(nn::BasicModule<T>& module);

}  // namespace tenon::detail
