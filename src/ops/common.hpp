#pragma once

#include "base/profile.hpp"
#include "tenon/autograd/record.hpp"
#include "tenon/tensor/layout.hpp"
#include "tensor/checks.hpp"

// What elementwise operations share: check the operands, make the output, call the kernel. Nothing
// here records.

namespace tenon::detail {

template <class T, class Y = T>
using UnaryKernel = void (*)(const kernels::ElementwiseDims<1>&, const T*, Y*);
template <class T, class Y = T>
using BinaryKernel = void (*)(const kernels::ElementwiseDims<2>&, const T*, const T*, Y*);

/// y = kernel(x)
template <class T>
BasicTensor<T> apply(const char* op, UnaryKernel<T> kernel, const BasicTensor<T>& x) {
  const TensorImpl& p = defined(op, x.impl());
  auto y = BasicTensor<T>::empty(p.shape);
  kernel(elementwise_dims<1>(p.shape, {&p}), x.data(), y.data());
  return y;
}

/// y = kernel(a, b), broadcast
template <class T, class Y = T>
BasicTensor<Y> apply(const char* op, BinaryKernel<T, Y> kernel, const BasicTensor<T>& a,
                     const BasicTensor<T>& b) {
  const TensorImpl& p = defined(op, a.impl());
  const TensorImpl& q = defined(op, b.impl());
  auto y = p.shape == q.shape ? BasicTensor<Y>::empty(p.shape)
                              : BasicTensor<Y>::empty(broadcast_shapes(op, p.shape, q.shape));
  kernel(elementwise_dims<2>(y.shape(), {&p, &q}), a.data(), b.data(), y.data());
  return y;
}

/// The same with one operand that is a number: stride 0 everywhere.
template <class T, class Y = T>
BasicTensor<Y> apply(const char* op, BinaryKernel<T, Y> kernel, const BasicTensor<T>& a, T b) {
  const TensorImpl& p = defined(op, a.impl());
  auto y = BasicTensor<Y>::empty(p.shape);
  auto dims = elementwise_dims<2>(p.shape, {&p, &p});
  for (int i = 0; i < dims.rank; ++i) dims.strides[1][i] = 0;
  kernel(dims, a.data(), &b, y.data());
  return y;
}
template <class T>
BasicTensor<T> apply(const char* op, BinaryKernel<T> kernel, T a, const BasicTensor<T>& b) {
  const TensorImpl& q = defined(op, b.impl());
  auto y = BasicTensor<T>::empty(q.shape);
  auto dims = elementwise_dims<2>(q.shape, {&q, &q});
  for (int i = 0; i < dims.rank; ++i) dims.strides[0][i] = 0;
  kernel(dims, &a, b.data(), y.data());
  return y;
}

/// Keeps x for a rule only where the gradient that takes it is needed.
template <class T>
Saved<T> saved_if(bool needed, const BasicTensor<T>& x) {
  return needed ? Saved<T>(x) : Saved<T>(BasicTensor<T>());
}

}  // namespace tenon::detail
