#pragma once

#include <utility>

#include "tenon/autograd/tape.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon::nn {

/// A trainable tensor, member of a layer: a leaf, for which every tape computes a gradient.
///
/// Unlike a Tensor, which is a handle, a Parameter is a value:
///   - copying makes a new leaf with a copy of the values (so copying a layer clones it);
///   - moving keeps the leaf, and the object moved from becomes undefined;
///   - assigning a tensor or another parameter writes the values in place and keeps the leaf.
/// `Tensor w = layer.weight` shares the values and stands for the leaf under a tape;
/// `auto w = layer.weight` would be a copy, a leaf of its own.
template <class T>
class TENON_API BasicParameter : public BasicTensor<T> {
 public:
  BasicParameter() noexcept = default;
  /// A new leaf with a copy of the values.
  explicit BasicParameter(const BasicTensor<T>& values);
  /// The copy of a module keeps its tied parameters tied to each other.
  BasicParameter(const BasicParameter& other);
  BasicParameter(BasicParameter&&) noexcept = default;
  ~BasicParameter() = default;

  /// Writes the values in place; an undefined parameter becomes a new leaf with a copy of them.
  /// Throws ShapeError for another shape (nothing is broadcast), ValueError for undefined values.
  BasicParameter& operator=(const BasicTensor<T>& values);
  BasicParameter& operator=(const BasicParameter& other) {
    return *this = static_cast<const BasicTensor<T>&>(other);
  }
  BasicParameter& operator=(BasicParameter&&) noexcept = default;

  /// Makes this the very same leaf as other: both see one set of values and one gradient, the sum.
  /// Throws ShapeError where this is defined and has another shape.
  void tie(const BasicParameter& other);

  /// Updates by hand, in place and not recorded: w -= 0.1 * gradients[w]. y: a tensor or a number.
  template <class Y>
  BasicParameter& operator+=(const Y& y) {
    const NoTape guard;
    return *this = tensor() + y;
  }
  template <class Y>
  BasicParameter& operator-=(const Y& y) {
    const NoTape guard;
    return *this = tensor() - y;
  }
  template <class Y>
  BasicParameter& operator*=(const Y& y) {
    const NoTape guard;
    return *this = tensor() * y;
  }
  template <class Y>
  BasicParameter& operator/=(const Y& y) {
    const NoTape guard;
    return *this = tensor() / y;
  }

 private:
  const BasicTensor<T>& tensor() const { return *this; }
};

extern template class BasicParameter<float>;
extern template class BasicParameter<double>;

using Parameter = BasicParameter<float>;

}  // namespace tenon::nn
