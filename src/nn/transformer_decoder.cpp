#include "tenon/nn/transformer_decoder.hpp"

#include <utility>

#include "tenon/ops/arithmetic.hpp"
#include "transformer_parts.hpp"

namespace tenon::nn {

template <class T>
BasicDecoderCache<T>::BasicDecoderCache(Index num_layers, Index max_length) {
  if (num_layers < 0 || max_length < 1) {
    detail::fail<ValueError>("DecoderCache", "num_layers must be at least 0 and max_length 1, not ",
                             num_layers, " and ", max_length,
                             "; hint: decoder.cache(the largest number of steps)");
  }
  layers.reserve(static_cast<std::size_t>(num_layers));
  for (Index i = 0; i < num_layers; ++i) {
    layers.push_back({BasicKeyValueCache<T>(max_length), BasicKeyValueCache<T>()});
  }
}

template <class T>
void BasicDecoderCache<T>::clear() {
  for (auto& layer : layers) {
    layer.self.clear();
    layer.memory = BasicKeyValueCache<T>();  // that of another length may follow
  }
}

template <class T>
void BasicDecoderCache<T>::select(const LongTensor& samples) {
  for (auto& layer : layers) {
    layer.self.select(samples);
    layer.memory.select(samples);
  }
}

template <class T>
BasicTransformerDecoderLayer<T>::BasicTransformerDecoderLayer(
    Index d_model, Index nhead, const TransformerLayerOptions& options)
    : self_attn(detail::checked_width("TransformerDecoderLayer", d_model, options), nhead,
                {.bias = options.bias, .dropout = options.dropout}),
      multihead_attn(d_model, nhead, {.bias = options.bias, .dropout = options.dropout}),
      linear1(d_model, options.dim_feedforward, {.bias = options.bias}),
      dropout(options.dropout),
      linear2(options.dim_feedforward, d_model, {.bias = options.bias}),
      norm1(d_model, {.eps = options.layer_norm_eps, .bias = options.bias}),
      norm2(d_model, {.eps = options.layer_norm_eps, .bias = options.bias}),
      norm3(d_model, {.eps = options.layer_norm_eps, .bias = options.bias}),
      dropout1(options.dropout),
      dropout2(options.dropout),
      dropout3(options.dropout),
      activation_(options.activation),
      norm_first_(options.norm_first) {}

template <class T>
template <class Self, class Cross>
BasicTensor<T> BasicTransformerDecoderLayer<T>::run(const BasicTensor<T>& x, const Self& self,
                                                    const Cross& cross) {
  const auto ff = [&](const BasicTensor<T>& y) {
    return dropout3(detail::feed_forward(linear1, dropout, linear2, activation_, y));
  };
  if (norm_first_) {
    const auto y = x + dropout1(self(norm1(x)));
    const auto z = y + dropout2(cross(norm2(y)));
    return z + ff(norm3(z));
  }
  const auto y = norm1(x + dropout1(self(x)));
  const auto z = norm2(y + dropout2(cross(y)));
  return norm3(z + ff(z));
}

template <class T>
BasicTensor<T> BasicTransformerDecoderLayer<T>::operator()(const BasicTensor<T>& x,
                                                           const BasicTensor<T>& memory,
                                                           const BasicDecoderOptions<T>& options) {
  return this->call([&] {
    return run(
        x, [&](const BasicTensor<T>& y) { return self_attn(y, options.self); },
        [&](const BasicTensor<T>& y) { return multihead_attn(y, memory, options.memory); });
  });
}

template <class T>
BasicTensor<T> BasicTransformerDecoderLayer<T>::operator()(
    const BasicTensor<T>& x, const BasicTensor<T>& memory,
    typename BasicDecoderCache<T>::Layer& cache, const BasicDecoderOptions<T>& options) {
  return this->call([&] {
    return run(
        x, [&](const BasicTensor<T>& y) { return self_attn(y, cache.self, options.self); },
        [&](const BasicTensor<T>& y) {
          return multihead_attn(y, memory, cache.memory, options.memory);
        });
  });
}

template <class T>
void BasicTransformerDecoderLayer<T>::visit(BasicVisitor<T>& v) {
  v("self_attn", self_attn);
  v("multihead_attn", multihead_attn);
  v("linear1", linear1);
  v("dropout", dropout);
  v("linear2", linear2);
  v("norm1", norm1);
  v("norm2", norm2);
  v("norm3", norm3);
  v("dropout1", dropout1);
  v("dropout2", dropout2);
  v("dropout3", dropout3);
}

template <class T>
BasicTransformerDecoder<T>::BasicTransformerDecoder(const BasicTransformerDecoderLayer<T>& layer,
                                                    Index num_layers,
                                                    std::optional<BasicLayerNorm<T>> last)
    : layers(detail::copies("TransformerDecoder", layer, num_layers)), norm(std::move(last)) {}

template <class T>
BasicTensor<T> BasicTransformerDecoder<T>::operator()(const BasicTensor<T>& x,
                                                      const BasicTensor<T>& memory,
                                                      const BasicDecoderOptions<T>& options) {
  return this->call([&] {
    BasicTensor<T> y = x;
    for (auto& layer : layers) y = layer(y, memory, options);
    return norm ? (*norm)(y) : y;
  });
}

template <class T>
BasicTensor<T> BasicTransformerDecoder<T>::operator()(const BasicTensor<T>& x,
                                                      const BasicTensor<T>& memory,
                                                      BasicDecoderCache<T>& cache,
                                                      const BasicDecoderOptions<T>& options) {
  return this->call([&] {
    if (cache.layers.size() != layers.size()) {
      detail::fail<ValueError>("TransformerDecoder", "the cache is for ", cache.layers.size(),
                               " layers but there are ", layers.size(),
                               "; hint: auto cache = decoder.cache(max_length)");
    }
    BasicTensor<T> y = x;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      y = layers[i](y, memory, cache.layers[i], options);
    }
    return norm ? (*norm)(y) : y;
  });
}

template <class T>
void BasicTransformerDecoder<T>::visit(BasicVisitor<T>& v) {
  v("layers", layers);
  if (norm) v("norm", *norm);
}

#define TENON_INSTANTIATE(T)                      \
  template class BasicDecoderCache<T>;            \
  template class BasicTransformerDecoderLayer<T>; \
  template class BasicTransformerDecoder<T>;
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::nn
