#include "tenon/nn/transformer.hpp"

#include "tenon/nn/init.hpp"

namespace tenon::nn {
namespace {

TransformerLayerOptions of_layers(const TransformerOptions& o) {
  return {.dim_feedforward = o.dim_feedforward,
          .dropout = o.dropout,
          .activation = o.activation,
          .layer_norm_eps = o.layer_norm_eps,
          .norm_first = o.norm_first,
          .bias = o.bias};
}

template <class T>
BasicLayerNorm<T> last_norm(const TransformerOptions& o) {
  return BasicLayerNorm<T>(o.d_model, {.eps = o.layer_norm_eps, .bias = o.bias});
}

}  // namespace

template <class T>
BasicTransformer<T>::BasicTransformer(const TransformerOptions& o)
    : encoder(BasicTransformerEncoderLayer<T>(o.d_model, o.nhead, of_layers(o)),
              o.num_encoder_layers, last_norm<T>(o)),
      decoder(BasicTransformerDecoderLayer<T>(o.d_model, o.nhead, of_layers(o)),
              o.num_decoder_layers, last_norm<T>(o)) {
  for (auto* parameter : parameters<T>(*this)) {
    if (parameter->rank() > 1) init::xavier_uniform_<T>(*parameter);
  }
}

template <class T>
BasicTensor<T> BasicTransformer<T>::operator()(const BasicTensor<T>& source,
                                               const BasicTensor<T>& target,
                                               const BasicTransformerMasks<T>& masks) {
  return this->call([&] {
    const auto memory = encoder(source, masks.source);
    return decoder(target, memory, {.self = masks.target, .memory = masks.memory});
  });
}

template <class T>
void BasicTransformer<T>::visit(BasicVisitor<T>& v) {
  v("encoder", encoder);
  v("decoder", decoder);
}

template class BasicTransformer<float>;
template class BasicTransformer<double>;

}  // namespace tenon::nn
