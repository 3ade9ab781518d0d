#pragma once

#include "tenon/base/error.hpp"
#include "tenon/kernels/reduce.hpp"
#include "tenon/tensor/tensor.hpp"

// What reductions over some axes share: which axes, what is left of the shape, and the kernel's
// view of it.

namespace tenon::detail {

/// A set of axes: bit i stands for axis i.
using AxisSet = unsigned;
inline constexpr AxisSet all_axes = ~0u;

inline bool contains(AxisSet axes, int axis) { return (axes >> axis & 1u) != 0; }

inline AxisSet axis_set(const char* op, const Shape& shape, const Shape& dims) {
  if (dims.empty()) return all_axes;
  AxisSet axes = 0;
  for (const Index d : dims) {
    const int axis = shape.axis(d);
    if (contains(axes, axis)) {
      fail<ValueError>(op, "axis ", axis, " appears twice in the axes ", dims, " of shape ", shape,
                       "; hint: name every axis once");
    }
    axes |= 1u << axis;
  }
  return axes;
}

inline Shape reduced_shape(const Shape& shape, AxisSet axes, bool keepdim) {
  Shape result;
  for (int i = 0; i < shape.rank(); ++i) {
    if (!contains(axes, i)) {
      result.push_back(shape[i]);
    } else if (keepdim) {
      result.push_back(1);
    }
  }
  return result;
}

inline void append_axis(int& rank, Index* sizes, Index* strides, Index size, Index stride) {
  // The kernel needs few, long axes; those that can be walked as one are merged.
  if (rank > 0 && strides[rank - 1] == stride * size) {
    sizes[rank - 1] *= size;
    strides[rank - 1] = stride;
  } else {
    sizes[rank] = size;
    strides[rank++] = stride;
  }
}

inline kernels::ReduceDims reduce_dims(const TensorImpl& x, AxisSet axes) {
  kernels::ReduceDims dims;
  dims.rank = dims.reduced_rank = 0;
  for (int i = 0; i < x.shape.rank(); ++i) {
    const Index size = x.shape[i];
    if (size == 1) continue;
    if (contains(axes, i)) {
      append_axis(dims.reduced_rank, dims.reduced_sizes, dims.reduced_strides, size, x.strides[i]);
    } else {
      append_axis(dims.rank, dims.sizes, dims.strides, size, x.strides[i]);
    }
  }
  return dims;
}

inline Index reduced_count(const Shape& shape, AxisSet axes) {
  Index count = 1;
  for (int i = 0; i < shape.rank(); ++i) count *= contains(axes, i) ? shape[i] : 1;
  return count;
}

template <class T>
BasicTensor<T> expand_reduced(const BasicTensor<T>& dy, const Shape& shape, AxisSet axes) {
  return dy.reshape(reduced_shape(shape, axes, true)).expand(shape);
}

}  // namespace tenon::detail
