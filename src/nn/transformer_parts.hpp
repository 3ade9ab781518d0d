#pragma once

#include <vector>

#include "tenon/base/error.hpp"
#include "tenon/nn/dropout.hpp"
#include "tenon/nn/linear.hpp"
#include "tenon/nn/transformer_options.hpp"
#include "tenon/ops/gelu.hpp"

namespace tenon::detail {

// What the layers of encoders and decoders share.

/// d_model, after all options that no layer inside checks by itself.
inline Index checked_width(const char* name, Index d_model,
                           const nn::TransformerLayerOptions& options) {
  if (d_model < 1 || options.dim_feedforward < 1) {
    fail<ValueError>(name, "d_model and dim_feedforward must be at least 1, not ", d_model, " and ",
                     options.dim_feedforward,
                     "; hint: d_model is the number of features of a step, dim_feedforward usually "
                     "four times that");
  }
  if (!(options.dropout >= 0 && options.dropout < 1)) {
    fail<ValueError>(name, "dropout must lie in [0, 1) but is ", options.dropout,
                     "; hint: it is the probability that a value is dropped in training");
  }
  return d_model;
}

/// linear2(dropout(activation(linear1(x))))
template <class T>
BasicTensor<T> feed_forward(nn::BasicLinear<T>& linear1, nn::BasicDropout<T>& dropout,
                            nn::BasicLinear<T>& linear2, nn::Activation activation,
                            const BasicTensor<T>& x) {
  if (activation == nn::Activation::relu) return linear2(dropout(linear1.with_relu(x)));
  return linear2(dropout(gelu(linear1(x))));
}

template <class Layer>
std::vector<Layer> copies(const char* name, const Layer& layer, Index count) {
  if (count < 0) {
    fail<ValueError>(name, "num_layers must be at least 0, not ", count,
                     "; hint: that many copies of the layer stand one behind the other");
  }
  std::vector<Layer> list;
  list.reserve(static_cast<std::size_t>(count));
  for (Index i = 0; i < count; ++i) list.push_back(layer);
  return list;
}

}  // namespace tenon::detail
