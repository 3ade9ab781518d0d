#pragma once

#include <type_traits>
#include <utility>

#include "tenon/nn/sequential.hpp"

namespace tenon::nn {

/// What its layers add to their input: y = x + layers(x), or shortcut(x) + layers(x).
///
///   nn::Residual(nn::Conv2d(64, 64, 3, {.padding = 1}), nn::BatchNorm2d(64), nn::ReLU())
///   nn::Residual(nn::Conv2d(64, 128, 3, {.stride = 2, .padding = 1}), nn::BatchNorm2d(128))
///       .with_shortcut(nn::Conv2d(64, 128, 1, {.stride = 2}))
///
/// Takes its layers as a Sequential does. A shortcut is needed where the layers change the shape;
/// without one it is x itself. Names are "layers.0", "shortcut.0", ...
/// Source: He et al., "Deep residual learning for image recognition", 2016, equations 1 and 2.
template <class T>
class TENON_API BasicResidual : public BasicModule<T> {
 public:
  BasicSequential<T> layers;
  BasicSequential<T> shortcut;  ///< empty: x itself

  BasicResidual() noexcept = default;
  /// Not for a single Residual: that is what copying and moving are for.
  template <class First, class... Rest>
  requires(sizeof...(Rest) > 0 ||
           !std::is_base_of_v<BasicResidual,
                              std::remove_cvref_t<First>>) explicit BasicResidual(First&& first,
                                                                                  Rest&&... rest) {
    layers.append(std::forward<First>(first));
    (layers.append(std::forward<Rest>(rest)), ...);
  }

  /// Adds layers to the shortcut.
  template <class... Layers>
  BasicResidual&& with_shortcut(Layers&&... more) && {
    (shortcut.append(std::forward<Layers>(more)), ...);
    return std::move(*this);
  }

  /// Throws ShapeError where the two summands differ in shape.
  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  void visit(BasicVisitor<T>& v) override;
};

extern template class BasicResidual<float>;
extern template class BasicResidual<double>;

using Residual = BasicResidual<float>;

}  // namespace tenon::nn
