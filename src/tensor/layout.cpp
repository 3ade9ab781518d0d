#include "tenon/tensor/layout.hpp"

namespace tenon::detail {
namespace {

/// The step of an operand along axis i of an output of the given rank; 0 where it is repeated.
Index broadcast_stride(const TensorImpl& operand, int i, int rank) {
  const int axis = i - (rank - operand.shape.rank());
  return axis < 0 || operand.shape[axis] == 1 ? 0 : operand.strides[axis];
}

template <int Inputs>
bool all_flat(const Shape& out, const TensorImpl* const (&operands)[Inputs]) {
  for (const TensorImpl* x : operands) {
    if (!(x->is_contiguous && x->shape == out)) return false;
  }
  return true;
}

template <int Inputs>
void set_flat(kernels::ElementwiseDims<Inputs>& dims) {
  dims.rank = 1;
  dims.sizes[0] = dims.numel;
  for (auto& strides : dims.strides) strides[0] = 1;
}

/// Whether an axis of that size and those strides goes on inside the last axis of dims: every
/// operand reaches the next position of the outer axis by walking off the end of the inner one.
template <int Inputs>
bool continues(const kernels::ElementwiseDims<Inputs>& dims, Index size,
               const Index (&strides)[Inputs]) {
  if (dims.rank == 0) return false;
  for (int k = 0; k < Inputs; ++k) {
    if (dims.strides[k][dims.rank - 1] != strides[k] * size) return false;
  }
  return true;
}

template <int Inputs>
void append_axis(kernels::ElementwiseDims<Inputs>& dims, Index size,
                 const Index (&strides)[Inputs]) {
  if (continues(dims, size, strides)) {
    dims.sizes[dims.rank - 1] *= size;
  } else {
    dims.sizes[dims.rank++] = size;
  }
  for (int k = 0; k < Inputs; ++k) dims.strides[k][dims.rank - 1] = strides[k];
}

}  // namespace

bool is_contiguous(const Shape& shape, const Shape& strides) {
  Index expected = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    if (shape[i] == 1) continue;
    if (strides[i] != expected) return shape.numel() == 0;
    expected *= shape[i];
  }
  return true;
}

template <int Inputs>
kernels::ElementwiseDims<Inputs> elementwise_dims(const Shape& out,
                                                  const TensorImpl* const (&operands)[Inputs]) {
  kernels::ElementwiseDims<Inputs> dims;
  dims.numel = out.numel();
  dims.rank = 0;
  if (dims.numel <= 1 || all_flat(out, operands)) {
    set_flat(dims);
    return dims;
  }
  for (int i = 0; i < out.rank(); ++i) {
    if (out[i] == 1) continue;
    Index strides[Inputs];
    for (int k = 0; k < Inputs; ++k) strides[k] = broadcast_stride(*operands[k], i, out.rank());
    append_axis(dims, out[i], strides);
  }
  return dims;
}

bool reshape_strides(const Shape& shape, const Shape& strides, const Shape& to, Shape& to_strides) {
  if (shape.numel() == 0) {
    to_strides = contiguous_strides(to);
    return true;
  }
  to_strides = to;
  Index next_step = 1;
  int k = to.rank() - 1;
  for (int i = shape.rank() - 1; i >= 0;) {
    if (shape[i] == 1) {
      --i;
      continue;
    }
    // The longest run of axes that can be walked as one, which some axes of `to` must fill exactly.
    const Index step = strides[i];
    Index length = shape[i--];
    while (i >= 0 && (shape[i] == 1 || strides[i] == step * length)) length *= shape[i--];
    Index filled = 1;
    while (k >= 0 && filled < length) {
      to_strides[k] = step * filled;
      filled *= to[k--];
    }
    if (filled != length) return false;
    next_step = step * length;
  }
  while (k >= 0) to_strides[k--] = next_step;
  return true;
}

#define TENON_INSTANTIATE(Inputs)                                     \
  template kernels::ElementwiseDims<Inputs> elementwise_dims<Inputs>( \
      const Shape&, const TensorImpl* const(&)[Inputs]);
TENON_INSTANTIATE(1)
TENON_INSTANTIATE(2)
TENON_INSTANTIATE(3)
#undef TENON_INSTANTIATE

}  // namespace tenon::detail
