#pragma once

#include <type_traits>

#include "tenon/tensor/tensor.hpp"

/// Comparisons of every element, of any scalar type. Shapes broadcast under NumPy's rule; the right
/// operand can be a number. The result holds true or false and is a constant for the tape. Every
/// comparison with NaN is false, except ne. Throw ShapeError where shapes do not broadcast, and
/// ValueError for a number that the tensor's integer type cannot hold. Whether two tensors are
/// equal as a whole is equal(a, b).
namespace tenon {

namespace detail {

/// What can stand for a tensor operand.
template <class S>
concept Number = std::is_arithmetic_v<S>;

[[noreturn]] TENON_API void fail_number_out_of_range(const char* op, const char* dtype);

/// A number as an element of a tensor of T. A real number beside integers does not compile, for
/// rounding it would change the answer.
template <class T, Number S>
T compared_number(const char* op, S number) {
  if constexpr (std::is_integral_v<T>) {
    static_assert(std::is_integral_v<S>, "an integer tensor is compared with integers");
    const T converted = static_cast<T>(number);
    if (static_cast<S>(converted) != number || (converted < T(0)) != (number < S(0))) {
      fail_number_out_of_range(op, to_string(dtype_of<T>));
    }
  }
  return static_cast<T>(number);
}

template <class T>
TENON_API BoolTensor eq(const BasicTensor<T>& a, T b);
template <class T>
TENON_API BoolTensor ne(const BasicTensor<T>& a, T b);
template <class T>
TENON_API BoolTensor lt(const BasicTensor<T>& a, T b);
template <class T>
TENON_API BoolTensor le(const BasicTensor<T>& a, T b);
template <class T>
TENON_API BoolTensor gt(const BasicTensor<T>& a, T b);
template <class T>
TENON_API BoolTensor ge(const BasicTensor<T>& a, T b);

}  // namespace detail

/// y = (a == b)
template <class T>
TENON_API BoolTensor eq(const BasicTensor<T>& a, const BasicTensor<T>& b);
/// y = (a != b)
template <class T>
TENON_API BoolTensor ne(const BasicTensor<T>& a, const BasicTensor<T>& b);
/// y = (a < b)
template <class T>
TENON_API BoolTensor lt(const BasicTensor<T>& a, const BasicTensor<T>& b);
/// y = (a <= b)
template <class T>
TENON_API BoolTensor le(const BasicTensor<T>& a, const BasicTensor<T>& b);
/// y = (a > b)
template <class T>
TENON_API BoolTensor gt(const BasicTensor<T>& a, const BasicTensor<T>& b);
/// y = (a >= b)
template <class T>
TENON_API BoolTensor ge(const BasicTensor<T>& a, const BasicTensor<T>& b);

template <class T, detail::Number S>
BoolTensor eq(const BasicTensor<T>& a, S b) {
  return detail::eq(a, detail::compared_number<T>("eq", b));
}
template <class T, detail::Number S>
BoolTensor ne(const BasicTensor<T>& a, S b) {
  return detail::ne(a, detail::compared_number<T>("ne", b));
}
template <class T, detail::Number S>
BoolTensor lt(const BasicTensor<T>& a, S b) {
  return detail::lt(a, detail::compared_number<T>("lt", b));
}
template <class T, detail::Number S>
BoolTensor le(const BasicTensor<T>& a, S b) {
  return detail::le(a, detail::compared_number<T>("le", b));
}
template <class T, detail::Number S>
BoolTensor gt(const BasicTensor<T>& a, S b) {
  return detail::gt(a, detail::compared_number<T>("gt", b));
}
template <class T, detail::Number S>
BoolTensor ge(const BasicTensor<T>& a, S b) {
  return detail::ge(a, detail::compared_number<T>("ge", b));
}

}  // namespace tenon
