#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tenon/base/error.hpp"
#include "tenon/nn/max_pool2d.hpp"
#include "tenon/nn/module.hpp"
#include "tenon/nn/relu.hpp"

namespace tenon::detail {

class InputShapes;

/// A layer of any type on the heap, and how to copy it as that type.
template <class T>
struct OwnedLayer {
  nn::BasicModule<T>* module = nullptr;
  /// A copy of source where target is null, else target after assigning; null where the type
  /// cannot be copied.
  nn::BasicModule<T>* (*copy)(const nn::BasicModule<T>& source,
                              nn::BasicModule<T>* target) = nullptr;
  bool is_relu = false;
  bool is_max_pool = false;
};

/// Where what changes the layers of a Sequential finds them.
template <class T>
struct LayersOf;

template <class T, class M>
nn::BasicModule<T>* copy_layer(const nn::BasicModule<T>& source, nn::BasicModule<T>* target) {
  if constexpr (!std::is_copy_constructible_v<M>) {
    return nullptr;
  } else if constexpr (std::is_copy_assignable_v<M>) {
    const auto& layer = static_cast<const M&>(source);
    if (target == nullptr) return new M(layer);
    static_cast<M&>(*target) = layer;
    return target;
  } else {
    return target == nullptr ? new M(static_cast<const M&>(source)) : nullptr;
  }
}

/// Refuses, in words, what cannot be a layer of BasicSequential<T>.
template <class T, class Layer>
constexpr void check_layer() {
  using M = std::remove_cvref_t<Layer>;
  if constexpr (!AnyModule<M>) {
    static_assert(AnyModule<M>, "nn::Sequential takes layers; wrap a function in nn::Lambda");
  } else if constexpr (!std::is_base_of_v<nn::BasicModule<T>, M>) {
    static_assert(std::is_base_of_v<nn::BasicModule<T>, M>,
                  "nn::Sequential: this layer has not the same scalar type as the Sequential (for "
                  "example double in a float net)");
  } else if constexpr (std::is_lvalue_reference_v<Layer> || std::is_const_v<Layer>) {
    static_assert(!std::is_lvalue_reference_v<Layer> && !std::is_const_v<Layer>,
                  "nn::Sequential owns its layers and this one has a name: write std::move(layer) "
                  "to give it away, or clone(layer) for a copy");
  } else {
    static_assert(std::is_nothrow_move_constructible_v<M>,
                  "nn::Sequential: this layer cannot be moved without copying it, most likely "
                  "because it has a destructor or copy constructor of its own; add "
                  "`Layer(Layer&&) noexcept = default;` to it");
  }
}

}  // namespace tenon::detail

namespace tenon::nn {

/// Layers applied one after the other: y = layer_n(... layer_1(x)).
///
///   nn::Sequential net{nn::Linear(64, 32), nn::ReLU(), nn::Linear(32, 10)};
///
/// Always in braces: `nn::Sequential net(nn::ReLU());` declares a function. One Sequential in
/// braces is copied or moved, not nested; append() nests it. Layers are held by value: give them as
/// temporaries, with std::move(layer), or as clone(layer). Layers are named "0", "1", ...
/// A ReLU behind a layer that can apply it by itself (Conv2d, Linear) is part of that layer's pass,
/// one in front of a MaxPool2d part of the pooling. Neither changes a bit.
/// A ShapeError of a layer shows the shapes of all layers up to that one, and what would fit.
template <class T>
class TENON_API BasicSequential : public BasicModule<T> {
 public:
  BasicSequential() noexcept = default;
  /// Not for a single Sequential: that is what copying and moving are for.
  template <class First, class... Rest>
  requires(
      sizeof...(Rest) > 0 ||
      !std::is_base_of_v<BasicSequential, std::remove_cvref_t<First>>) explicit(sizeof...(Rest) ==
                                                                                0)
      BasicSequential(First&& first, Rest&&... rest) {
    layers_.reserve(1 + sizeof...(Rest));
    try {
      append(std::forward<First>(first));
      (append(std::forward<Rest>(rest)), ...);
    } catch (...) {
      clear();
      throw;
    }
  }
  /// Clones every layer. Throws ValueError where one cannot be copied.
  BasicSequential(const BasicSequential& other);
  BasicSequential(BasicSequential&& other) noexcept;
  /// Where the layers have the same types in the same order, writes their parameters in place;
  /// otherwise these layers are replaced by clones of the others.
  BasicSequential& operator=(const BasicSequential& other);
  BasicSequential& operator=(BasicSequential&& other) noexcept;
  ~BasicSequential() override;

  /// Adds a layer at the end; a Sequential becomes one layer.
  template <class Layer>
  BasicSequential& append(Layer&& layer) {
    using M = std::remove_cvref_t<Layer>;
    detail::check_layer<T, Layer>();
    if constexpr (std::is_base_of_v<BasicModule<T>, M> && !std::is_lvalue_reference_v<Layer>) {
      add({new M(std::move(layer)), &detail::copy_layer<T, M>, std::is_same_v<M, BasicReLU<T>>,
           std::is_same_v<M, BasicMaxPool2d<T>>});
    }
    return *this;
  }

  Index size() const { return static_cast<Index>(layers_.size()); }
  /// Layer i, counted from the end where negative. Throws IndexError.
  BasicModule<T>& operator[](Index i) { return layer(i); }
  const BasicModule<T>& operator[](Index i) const { return layer(i); }
  /// Layer i as what it is: net.get<nn::Linear>(0).weight. Throws IndexError, TypeError.
  template <class M>
  M& get(Index i) {
    auto* typed = dynamic_cast<M*>(&layer(i));
    if (typed == nullptr) fail_type(i);
    return *typed;
  }

  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  BasicTensor<T> forward_ids(const LongTensor& ids) override;
  void visit(BasicVisitor<T>& v) override;

 private:
  friend struct detail::LayersOf<T>;

  BasicTensor<T> run_from(std::size_t i, const BasicTensor<T>& x, detail::InputShapes& shapes);
  [[noreturn]] void fail_shape(ShapeError& error, const detail::InputShapes& shapes);
  void add(detail::OwnedLayer<T> layer);
  void clear() noexcept;
  BasicModule<T>& layer(Index i) const;
  [[noreturn]] void fail_type(Index i) const;

  std::vector<detail::OwnedLayer<T>> layers_;
};

extern template class BasicSequential<float>;
extern template class BasicSequential<double>;

using Sequential = BasicSequential<float>;

}  // namespace tenon::nn
