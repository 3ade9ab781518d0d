#pragma once

#include "tenon/base/shape.hpp"

namespace tenon::kernels {

/// One instruction set's loops over a row of scores, of which the first n count. bias and keep may
/// be null.
template <class T>
struct AttentionSoftmaxKernels {
  /// The largest of s, -infinity for n = 0.
  T (*largest)(const T* s, Index n);
  /// s = scale s + bias, -infinity where keep is false; then the largest.
  T (*masked)(T* s, Index n, T scale, const T* bias, const bool* keep);
  /// s = exp(scale s - shift), zeros from n up to width; gives the sum.
  T (*exponentials)(T* s, Index n, Index width, T scale, T shift);
  /// p = exp(scale s - shift) in the place of s, and ds = scale_ds p (dp - mean) in that of dp,
  /// zeros from n up to width. With kept, which dropout gives, dp and then p are multiplied by it.
  void (*backward)(T* s, T* dp, Index n, Index width, T scale, T shift, T mean, T scale_ds,
                   const T* kept);
  /// x *= factor, or x *= factors element by element.
  void (*multiply)(T* x, Index n, T factor);
  void (*multiply_each)(T* x, Index n, const T* factors);
  T (*dot)(const T* a, const T* b, Index n);
};

template <class T>
const AttentionSoftmaxKernels<T>& attention_softmax_kernels();

}  // namespace tenon::kernels
