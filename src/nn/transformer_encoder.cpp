#include "tenon/nn/transformer_encoder.hpp"

#include <utility>

#include "tenon/ops/arithmetic.hpp"
#include "transformer_parts.hpp"

namespace tenon::nn {

template <class T>
BasicTransformerEncoderLayer<T>::BasicTransformerEncoderLayer(
    Index d_model, Index nhead, const TransformerLayerOptions& options)
    : self_attn(detail::checked_width("TransformerEncoderLayer", d_model, options), nhead,
                {.bias = options.bias, .dropout = options.dropout}),
      linear1(d_model, options.dim_feedforward, {.bias = options.bias}),
      dropout(options.dropout),
      linear2(options.dim_feedforward, d_model, {.bias = options.bias}),
      norm1(d_model, {.eps = options.layer_norm_eps, .bias = options.bias}),
      norm2(d_model, {.eps = options.layer_norm_eps, .bias = options.bias}),
      dropout1(options.dropout),
      dropout2(options.dropout),
      activation_(options.activation),
      norm_first_(options.norm_first) {}

template <class T>
BasicTensor<T> BasicTransformerEncoderLayer<T>::operator()(
    const BasicTensor<T>& x, const BasicAttentionOptions<T>& options) {
  return this->call([&] { return run(x, options); });
}

template <class T>
BasicTensor<T> BasicTransformerEncoderLayer<T>::run(const BasicTensor<T>& x,
                                                    const BasicAttentionOptions<T>& options) {
  const auto ff = [&](const BasicTensor<T>& y) {
    return dropout2(detail::feed_forward(linear1, dropout, linear2, activation_, y));
  };
  if (norm_first_) {
    const auto y = x + dropout1(self_attn(norm1(x), options));
    return y + ff(norm2(y));
  }
  const auto y = norm1(x + dropout1(self_attn(x, options)));
  return norm2(y + ff(y));
}

template <class T>
void BasicTransformerEncoderLayer<T>::visit(BasicVisitor<T>& v) {
  v("self_attn", self_attn);
  v("linear1", linear1);
  v("dropout", dropout);
  v("linear2", linear2);
  v("norm1", norm1);
  v("norm2", norm2);
  v("dropout1", dropout1);
  v("dropout2", dropout2);
}

template <class T>
BasicTransformerEncoder<T>::BasicTransformerEncoder(const BasicTransformerEncoderLayer<T>& layer,
                                                    Index num_layers,
                                                    std::optional<BasicLayerNorm<T>> last)
    : layers(detail::copies("TransformerEncoder", layer, num_layers)), norm(std::move(last)) {}

template <class T>
BasicTensor<T> BasicTransformerEncoder<T>::operator()(const BasicTensor<T>& x,
                                                      const BasicAttentionOptions<T>& options) {
  return this->call([&] { return run(x, options); });
}

template <class T>
BasicTensor<T> BasicTransformerEncoder<T>::run(const BasicTensor<T>& x,
                                               const BasicAttentionOptions<T>& options) {
  BasicTensor<T> y = x;
  for (auto& layer : layers) y = layer(y, options);
  return norm ? (*norm)(y) : y;
}

template <class T>
void BasicTransformerEncoder<T>::visit(BasicVisitor<T>& v) {
  v("layers", layers);
  if (norm) v("norm", *norm);
}

template class BasicTransformerEncoderLayer<float>;
template class BasicTransformerEncoderLayer<double>;
template class BasicTransformerEncoder<float>;
template class BasicTransformerEncoder<double>;

}  // namespace tenon::nn
