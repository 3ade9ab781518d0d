#include "tenon/nn/sequential.hpp"

#include <algorithm>

#include "layer_trace.hpp"
#include "tenon/base/error.hpp"

namespace tenon::nn {

template <class T>
BasicSequential<T>::BasicSequential(const BasicSequential& other) : BasicModule<T>(other) {
  layers_.reserve(other.layers_.size());
  try {
    for (const auto& layer : other.layers_) {
      BasicModule<T>* copy = layer.copy(*layer.module, nullptr);
      if (copy == nullptr) {
        detail::fail<ValueError>(
            "sequential", "layer ", size(), ", ", layer.module->description(),
            ", cannot be copied; hint: give it a copy constructor, or move the "
            "Sequential instead");
      }
      layers_.push_back({copy, layer.copy, layer.is_relu, layer.is_max_pool});
    }
  } catch (...) {
    clear();
    throw;
  }
}

template <class T>
BasicSequential<T>::BasicSequential(BasicSequential&& other) noexcept
    : BasicModule<T>(std::move(other)), layers_(std::exchange(other.layers_, {})) {}

template <class T>
BasicSequential<T>& BasicSequential<T>::operator=(const BasicSequential& other) {
  if (this == &other) return *this;
  const bool fits =
      std::equal(layers_.begin(), layers_.end(), other.layers_.begin(), other.layers_.end(),
                 [](const auto& to, const auto& from) { return to.copy == from.copy; });
  if (!fits || layers_.empty()) return *this = BasicSequential(other);
  BasicModule<T>::operator=(other);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (layers_[i].copy(*other.layers_[i].module, layers_[i].module) == nullptr) {
      detail::fail<ValueError>("sequential", "layer ", i, ", ", layers_[i].module->description(),
                               ", cannot be assigned; hint: give it an assignment operator");
    }
  }
  return *this;
}

template <class T>
BasicSequential<T>& BasicSequential<T>::operator=(BasicSequential&& other) noexcept {
  BasicModule<T>::operator=(std::move(other));
  std::swap(layers_, other.layers_);
  return *this;
}

template <class T>
BasicSequential<T>::~BasicSequential() {
  clear();
}

template <class T>
void BasicSequential<T>::add(detail::OwnedLayer<T> layer) {
  try {
    layers_.push_back(layer);
  } catch (...) {
    delete layer.module;
    throw;
  }
}

template <class T>
void BasicSequential<T>::clear() noexcept {
  for (const auto& layer : layers_) delete layer.module;
  layers_.clear();
}

template <class T>
BasicModule<T>& BasicSequential<T>::layer(Index i) const {
  const Index position = i < 0 ? i + size() : i;
  if (position < 0 || position >= size()) {
    detail::fail<IndexError>("sequential", "there is no layer ", i, " among ", size(), " layers");
  }
  return *layers_[static_cast<std::size_t>(position)].module;
}

template <class T>
void BasicSequential<T>::fail_type(Index i) const {
  detail::fail<TypeError>("sequential", "layer ", i, " is ", layer(i).description(),
                          ", which is not of the type asked for; hint: net[", i,
                          "] gives it as the nn::Module that every layer is");
}

template <class T>
BasicTensor<T> BasicSequential<T>::forward(const BasicTensor<T>& x) {
  detail::InputShapes shapes;
  try {
    return run_from(0, x, shapes);
  } catch (ShapeError& error) {
    fail_shape(error, shapes);
  }
}

template <class T>
BasicTensor<T> BasicSequential<T>::forward_ids(const LongTensor& ids) {
  if (layers_.empty()) return BasicModule<T>::forward_ids(ids);
  detail::InputShapes shapes;
  try {
    shapes.enter(0, ids.impl());
    return run_from(1, (*layers_[0].module)(ids), shapes);
  } catch (ShapeError& error) {
    fail_shape(error, shapes);
  }
}

template <class T>
BasicTensor<T> BasicSequential<T>::run_from(std::size_t i, const BasicTensor<T>& x,
                                            detail::InputShapes& shapes) {
  BasicTensor<T> y;
  const BasicTensor<T>* input = &x;
  const bool by_itself = detail::OutputListener<T>::is_open();
  const auto is_relu = [&](std::size_t k) {
    return k < layers_.size() && layers_[k].is_relu && !by_itself;
  };
  const auto is_pool = [&](std::size_t k) { return k < layers_.size() && layers_[k].is_max_pool; };
  for (; i < layers_.size(); ++i) {
    shapes.enter(i, input->impl());
    BasicTensor<T> next;
    if (is_relu(i) && is_pool(i + 1)) {
      // The largest of a window is the same before and after a ReLU, and so are the gradients.
      shapes.enter(++i, input->impl());
      next = layers_[i].module->with_relu(*input);
    } else if (is_relu(i + 1) && !is_pool(i + 2)) {
      next = layers_[i].module->with_relu(*input);
      if (next.defined()) shapes.enter(++i, next.impl());
    }
    if (!next.defined()) next = (*layers_[i].module)(*input);
    y = std::move(next);
    input = &y;
  }
  return *input;
}

template <class T>
void BasicSequential<T>::fail_shape(ShapeError& error, const detail::InputShapes& shapes) {
  const auto layer = [&](std::size_t i) {
    const BasicModule<T>& module = *layers_[i].module;
    return detail::LayerText{module.name(), module.description()};
  };
  detail::LayerTrace::show(error, this, layers_[shapes.last()].module, shapes, layer);
  throw;
}

template <class T>
void BasicSequential<T>::visit(BasicVisitor<T>& v) {
  for (std::size_t i = 0; i < layers_.size(); ++i) v(detail::IndexName(i), *layers_[i].module);
}

template class BasicSequential<float>;
template class BasicSequential<double>;

}  // namespace tenon::nn
