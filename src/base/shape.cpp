#include "tenon/base/shape.hpp"

#include "tenon/base/error.hpp"

namespace tenon {

void detail::fail_rank(Index rank) {
  fail<ShapeError>("shape", "a tensor has at most ", max_rank, " dimensions but ", rank,
                   " were asked for; hint: merge dimensions with reshape");
}

void detail::fail_axis(Index axis, int rank) {
  if (rank == 0) {
    fail<IndexError>("shape", "axis ", axis,
                     " was asked for but the tensor is a scalar, which has no axes; hint: reshape "
                     "it to (1) first");
  }
  fail<IndexError>("shape", "axis ", axis, " is out of range for a tensor of ", rank,
                   " dimensions; hint: axes run from 0 to ", rank - 1,
                   ", or from -1 (the last) to ", -rank);
}

std::string to_string(const Shape& shape, const char* letters) {
  std::string text = "(";
  for (int i = 0; i < shape.rank(); ++i) {
    if (i > 0) text += ", ";
    if (*letters != '\0') {
      text += *letters++;
      text += '=';
    }
    text += std::to_string(shape[i]);
  }
  return text + ")";
}

Shape contiguous_strides(const Shape& shape) {
  Shape strides = Shape::filled(shape.rank(), 1);
  Index step = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    strides[i] = step;
    step *= shape[i];
  }
  return strides;
}

Shape broadcast_shapes(const char* op, const Shape& a, const Shape& b) {
  const Shape& longer = a.rank() >= b.rank() ? a : b;
  const Shape& shorter = a.rank() >= b.rank() ? b : a;
  const int offset = longer.rank() - shorter.rank();
  Shape result = longer;
  for (int i = 0; i < shorter.rank(); ++i) {
    const Index p = longer[i + offset];
    const Index q = shorter[i];
    if (p == q || q == 1) continue;
    if (p != 1) {
      detail::fail<ShapeError>(op, "shapes ", a, " and ", b,
                               " do not broadcast: counted from the end, axis ", i - shorter.rank(),
                               " has sizes ", a[a.rank() + i - shorter.rank()], " and ",
                               b[b.rank() + i - shorter.rank()],
                               "; hint: sizes must be equal or one of them 1, so reshape or "
                               "unsqueeze the operand that should be repeated");
    }
    result[i + offset] = q;
  }
  return result;
}

}  // namespace tenon
