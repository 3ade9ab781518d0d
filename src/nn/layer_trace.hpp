#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "tenon/base/error.hpp"
#include "tenon/nn/module.hpp"
#include "tenon/tensor/impl.hpp"

// What an error that leaves a model is told about the layers it passes through.

namespace tenon::detail {

/// The shapes that the layers of a Sequential have been given; of a long one, those of the last
/// layers. On the stack, not initialised: writing a shape down is all that it costs.
class InputShapes {
 public:
  static constexpr std::size_t kept = 64;

  InputShapes() noexcept {}
  /// Layer i, one more than that of the last call, is given x, which may be null.
  void enter(std::size_t i, const TensorImpl* x) {
    std::construct_at(&shapes_[i % kept], x != nullptr ? x->shape : Shape());
    count_ = i + 1;
  }
  /// The layer that was entered last.
  std::size_t last() const { return count_ - 1; }
  std::size_t first_kept() const { return count_ > kept ? count_ - kept : 0; }
  const Shape& operator[](std::size_t i) const { return shapes_[i % kept]; }

 private:
  std::size_t count_ = 0;
  union {
    Shape shapes_[kept];
  };
};

struct LayerText {
  std::string name, description;
};

/// The list of layers under a ShapeError. It is kept in the thread while the error is on its way
/// from one Sequential to those around.
class LayerTrace {
 public:
  /// An error has arisen in module, which expects that. What is left of another one is forgotten.
  static void begin(const void* module, const nn::ExpectedInput& expected);
  /// The error has left module, which is found at path inside of the module around.
  static void leave(Error& error, const void* module, const void* around, const std::string& path);
  /// The error arose in a layer of sequential, or further inside of it. layer(i): its text.
  template <class Layer>
  static void show(Error& error, const void* sequential, const void* failed,
                   const InputShapes& shapes, const Layer& layer) {
    using Ref = const void*;
    show_layers(error, sequential, failed, shapes, &layer,
                [](Ref text, std::size_t i) { return (*static_cast<const Layer*>(text))(i); });
  }

 private:
  static void show_layers(Error& error, const void* sequential, const void* failed,
                          const InputShapes& shapes, const void* layer,
                          LayerText (*text)(const void* layer, std::size_t i));
};

/// What may be wrong where a layer refuses x, "" where nothing can be said. before: the name of the
/// layer in front of it, "" for none; its input is x_before.
std::string shape_hint(const nn::ExpectedInput& expected, const Shape& x, std::string_view before,
                       const Shape& x_before);

}  // namespace tenon::detail
