#include "tensor/checks.hpp"

#include "tenon/base/error.hpp"

namespace tenon::detail {

void fail_undefined(const char* op) {
  fail<ValueError>(op,
                   "the tensor is undefined: it was default-constructed or moved from; hint: "
                   "assign a tensor to it first, or ask defined()");
}

void fail_position(const char* op, Index position, int axis, const Shape& shape) {
  const Index size = shape[axis];
  if (size == 0) {
    fail<IndexError>(op, "position ", position, " is outside axis ", axis, " of shape ", shape,
                     "; hint: that axis is empty");
  }
  fail<IndexError>(op, "position ", position, " is outside axis ", axis, " of shape ", shape,
                   "; hint: positions run from 0 to ", size - 1, ", or from -1 (the last) to ",
                   -size);
}

bool broadcasts_to(const Shape& from, const Shape& to) {
  if (from.rank() > to.rank()) return false;
  for (int i = 1; i <= from.rank(); ++i) {
    const Index size = from[from.rank() - i];
    if (size != 1 && size != to[to.rank() - i]) return false;
  }
  return true;
}

}  // namespace tenon::detail
