#pragma once

#include <cstddef>
#include <initializer_list>
#include <type_traits>

#include "tenon/base/random.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon {

namespace detail {

/// One level of a brace-written tensor: a number, or a list of further levels.
template <class T>
class Nested {
 public:
  template <class U>
  requires std::is_arithmetic_v<U>
  constexpr Nested(U value) : value_(static_cast<T>(value)) {}
  constexpr Nested(std::initializer_list<Nested> items) : items_(items), is_number_(false) {}

  bool is_number() const { return is_number_; }
  T value() const { return value_; }
  /// Of a list.
  Index count() const { return static_cast<Index>(items_.size()); }
  const Nested& operator[](Index i) const { return items_.begin()[i]; }

 private:
  T value_{};
  std::initializer_list<Nested> items_;  // lives as long as the expression that wrote it
  bool is_number_ = true;
};

template <class T>
TENON_API BasicTensor<T> from_nested(const Nested<T>& values);

}  // namespace detail

/// A tensor of the given values: tensor({{1, 2}, {3, 4}}) has shape (2, 2), tensor(5) rank 0.
/// Throws ShapeError where the rows are not of one length.
template <class T = float>
BasicTensor<T> tensor(const detail::Nested<std::type_identity_t<T>>& values) {
  return detail::from_nested(values);
}
template <class T = float>
BasicTensor<T> tensor(std::initializer_list<detail::Nested<T>> values) {
  return detail::from_nested(detail::Nested<T>(values));
}

/// Values not set.
template <class T = float>
BasicTensor<T> empty(const Shape& shape) {
  return BasicTensor<T>::empty(shape);
}
template <class T = float>
TENON_API BasicTensor<T> full(const Shape& shape, std::type_identity_t<T> value);
template <class T = float>
BasicTensor<T> zeros(const Shape& shape) {
  return full<T>(shape, T(0));
}
template <class T = float>
BasicTensor<T> ones(const Shape& shape) {
  return full<T>(shape, T(1));
}
template <class T>
BasicTensor<T> empty_like(const BasicTensor<T>& x) {
  return BasicTensor<T>::empty(x.shape());
}
template <class T>
BasicTensor<T> zeros_like(const BasicTensor<T>& x) {
  return zeros<T>(x.shape());
}
template <class T>
BasicTensor<T> ones_like(const BasicTensor<T>& x) {
  return ones<T>(x.shape());
}

template <class T>
BasicTensor<T> full_like(const BasicTensor<T>& x, std::type_identity_t<T> value) {
  return full<T>(x.shape(), value);
}

/// start, start + step, ... below stop (above it where step < 0). Throws ValueError for a step of
/// 0, fractions asked of an integer type, and values outside the type's range.
template <class T = float>
TENON_API BasicTensor<T> arange(double start, double stop, double step = 1);
template <class T = float>
BasicTensor<T> arange(double stop) {
  return arange<T>(0, stop);
}
/// count values from start to stop, both included. Throws ValueError for count < 0 and for bounds
/// outside the type's range.
template <class T = float>
TENON_API BasicTensor<T> linspace(double start, double stop, Index count);
/// base to the powers linspace(start, stop, count), computed in double. Throws as linspace does. As
/// torch.logspace and numpy.logspace.
template <class T = float>
TENON_API BasicTensor<T> logspace(double start, double stop, Index count, double base = 10);
/// The n x n identity matrix.
template <class T = float>
TENON_API BasicTensor<T> eye(Index n);

/// Uniform in [low, high), from this thread's default generator. Throws ValueError unless
/// low <= high.
template <class T = float>
TENON_API BasicTensor<T> uniform(const Shape& shape, double low = 0, double high = 1);
/// Normal with the given mean and standard deviation. Throws ValueError for stddev < 0.
template <class T = float>
TENON_API BasicTensor<T> normal(const Shape& shape, double mean = 0, double stddev = 1);
/// PyTorch's names of the two above.
template <class T = float>
BasicTensor<T> rand(const Shape& shape) {
  return uniform<T>(shape);
}
template <class T = float>
BasicTensor<T> randn(const Shape& shape) {
  return normal<T>(shape);
}
template <class T>
BasicTensor<T> rand_like(const BasicTensor<T>& x) {
  return rand<T>(x.shape());
}
template <class T>
BasicTensor<T> randn_like(const BasicTensor<T>& x) {
  return randn<T>(x.shape());
}
/// Integers in [low, high). Throws ValueError where there are none.
TENON_API LongTensor randint(Index low, Index high, const Shape& shape);
/// 0 .. n-1 in random order.
TENON_API LongTensor randperm(Index n);

/// A copy of shape.numel() values that lie in row-major order at data. Throws ValueError for null.
template <class T>
TENON_API BasicTensor<T> from_data(const T* data, const Shape& shape);
/// A tensor over the caller's memory, which must outlive it and every view; nothing is copied.
/// Throws ValueError for null.
template <class T>
TENON_API BasicTensor<T> from_blob(T* data, const Shape& shape);

/// A copy of a contiguous container's values (std::vector, std::array, std::span) as one axis.
template <class Container, class T = std::remove_cv_t<typename Container::value_type>>
BasicTensor<T> from_container(const Container& values) {
  return from_data<T>(values.data(), {values.size()});
}

}  // namespace tenon
