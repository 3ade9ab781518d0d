#include "tenon/nn/fold_batch_norm.hpp"

#include <cmath>
#include <typeinfo>

#include "tenon/base/error.hpp"
#include "tenon/nn/residual.hpp"

namespace tenon::detail {

template <class T>
struct LayersOf {
  static std::vector<OwnedLayer<T>>& get(nn::BasicSequential<T>& net) { return net.layers_; }
};

}  // namespace tenon::detail

namespace tenon::nn {
namespace {

template <class T>
void check(const BasicModule<T>& layer, Index channels, const BasicBatchNorm<T>& norm) {
  if (norm.is_training()) {
    detail::fail<ValueError>("fold_batch_norm", norm.description(), " behind ", layer.description(),
                             " is in training mode, in which it normalises by each batch; hint: "
                             "call net.eval() first");
  }
  if (!norm.running_mean.defined()) {
    detail::fail<ValueError>("fold_batch_norm", norm.description(), " behind ", layer.description(),
                             " has no running statistics and normalises by each batch; hint: a "
                             "norm with track_running_stats can be folded");
  }
  if (norm.num_features() != channels) {
    detail::fail<ShapeError>("fold_batch_norm", norm.description(), " behind ", layer.description(),
                             " normalises ", norm.num_features(), " channels but gets ", channels,
                             "; hint: num_features must be the number of channels of the layer "
                             "before");
  }
}

template <class T>
double entry(const BasicTensor<T>& x, Index i, double otherwise) {
  return x.defined() ? static_cast<double>(x.data()[i]) : otherwise;
}

/// Folds the norm into a layer whose weight is (channels, ...). Both parameters become new ones:
/// the weight may be tied to that of a layer with another norm behind it.
template <class T, class Layer>
void fold_into(Layer& layer, const BasicBatchNorm<T>& norm) {
  if (!layer.weight.defined()) {
    detail::fail<ValueError>("fold_batch_norm", layer.description(),
                             " has no weight; hint: use the layer that it was moved to");
  }
  const Index channels = layer.weight.size(0), row = layer.weight.numel() / channels;
  check(layer, channels, norm);
  const BasicTensor<T>& old = layer.weight;
  auto weight = BasicTensor<T>::empty(old.shape());
  auto bias = BasicTensor<T>::empty({channels});
  for (Index c = 0; c < channels; ++c) {
    const double deviation = std::sqrt(entry<T>(norm.running_var, c, 1) + norm.eps());
    const double scale = entry<T>(norm.weight, c, 1) / deviation;
    const double distance = entry<T>(layer.bias, c, 0) - entry<T>(norm.running_mean, c, 0);
    bias.data()[c] = static_cast<T>(distance * scale + entry<T>(norm.bias, c, 0));
    for (Index i = c * row; i < (c + 1) * row; ++i) {
      weight.data()[i] = static_cast<T>(static_cast<double>(old.data()[i]) * scale);
    }
  }
  layer.weight = BasicParameter<T>(weight);
  layer.bias = BasicParameter<T>(bias);
}

/// The module as an M, null where it is of another type, derived ones included.
template <class M, class T>
M* exactly(BasicModule<T>& module) {
  return typeid(module) == typeid(M) ? static_cast<M*>(&module) : nullptr;
}

/// Whether the norm has become part of the layer.
template <class T>
bool fold_pair(BasicModule<T>& layer, BasicModule<T>& next) {
  auto* conv = exactly<BasicConv2d<T>>(layer);
  auto* linear = exactly<BasicLinear<T>>(layer);
  if (auto* norm = exactly<BasicBatchNorm2d<T>>(next); norm != nullptr && conv != nullptr) {
    fold_into<T>(*conv, *norm);
    return true;
  }
  if (auto* norm = exactly<BasicBatchNorm1d<T>>(next); norm != nullptr && linear != nullptr) {
    fold_into<T>(*linear, *norm);
    return true;
  }
  return false;
}

template <class T>
void fold_all(BasicSequential<T>& net) {
  auto& layers = detail::LayersOf<T>::get(net);
  for (std::size_t i = 0; i < layers.size();) {
    if (auto* nested = exactly<BasicSequential<T>>(*layers[i].module)) fold_all(*nested);
    if (auto* block = exactly<BasicResidual<T>>(*layers[i].module)) {
      fold_all(block->layers);
      fold_all(block->shortcut);
    }
    if (i > 0 && fold_pair(*layers[i - 1].module, *layers[i].module)) {
      delete layers[i].module;
      layers.erase(layers.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      ++i;
    }
  }
}

}  // namespace

template <class T>
BasicSequential<T> fold_batch_norm(const BasicSequential<T>& net) {
  BasicSequential<T> folded = net;
  fold_all(folded);
  return folded;
}

template <class T>
BasicConv2d<T> fold_batch_norm(const BasicConv2d<T>& conv, const BasicBatchNorm2d<T>& norm) {
  BasicConv2d<T> folded = conv;
  fold_into<T>(folded, norm);
  return folded;
}

template <class T>
BasicLinear<T> fold_batch_norm(const BasicLinear<T>& linear, const BasicBatchNorm1d<T>& norm) {
  BasicLinear<T> folded = linear;
  fold_into<T>(folded, norm);
  return folded;
}

#define TENON_INSTANTIATE(T)                                                                  \
  template BasicSequential<T> fold_batch_norm(const BasicSequential<T>&);                     \
  template BasicConv2d<T> fold_batch_norm(const BasicConv2d<T>&, const BasicBatchNorm2d<T>&); \
  template BasicLinear<T> fold_batch_norm(const BasicLinear<T>&, const BasicBatchNorm1d<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::nn
