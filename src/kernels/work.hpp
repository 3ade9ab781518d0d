#pragma once

#include <type_traits>

#include "base/profile.hpp"
#include "tenon/kernels/attention.hpp"
#include "tenon/kernels/avg_pool2d.hpp"
#include "tenon/kernels/batch_norm.hpp"
#include "tenon/kernels/conv2d.hpp"
#include "tenon/kernels/cross_entropy.hpp"
#include "tenon/kernels/dims.hpp"
#include "tenon/kernels/gemm.hpp"
#include "tenon/kernels/layer_norm.hpp"
#include "tenon/kernels/max_pool2d.hpp"
#include "tenon/kernels/recurrent.hpp"
#include "tenon/kernels/reduce.hpp"
#include "tenon/kernels/sgd.hpp"
#include "tenon/kernels/softmax.hpp"

/// What kernels report to profiles. Every kernel does so once, at its beginning:
///   floating-point operations   a multiplication whose product is added counts as 2, any function
///   of
///                               one element (exp, a division, a comparison) as 1, moving as 0
///   bytes                       each element of an operand read once, each of the output written
///                               once, whatever caches, packing and scratch make of that
/// What is done to a result while it is at hand (bias, ReLU) is left out, padding counts as pixels.
namespace tenon::kernels {

using detail::count_work;

template <class T>
constexpr Index bytes_of(Index elements) {
  return elements * static_cast<Index>(sizeof(T));
}

/// n elements of each of so many arrays, operations for each element.
template <class T>
void count_arrays(Index n, Index operations, Index arrays) {
  count_work<T>(operations * n, arrays * bytes_of<T>(n));
}

/// Elements of an operand, one that is broadcast once.
inline Index distinct_elements(int rank, const Index* sizes, const Index* strides) {
  Index count = 1;
  for (int i = 0; i < rank; ++i) count *= strides[i] == 0 && sizes[i] > 0 ? 1 : sizes[i];
  return count;
}
template <int Inputs>
Index distinct_elements(const ElementwiseDims<Inputs>& d, int input) {
  return d.numel == 0 ? 0 : distinct_elements(d.rank, d.sizes, d.strides[input]);
}

template <Index Operations, class T, class Out, int Inputs>
void count_elementwise(const ElementwiseDims<Inputs>& d) {
  if (!detail::is_profiled()) [[likely]]
    return;
  Index bytes = bytes_of<Out>(d.numel);
  for (int k = 0; k < Inputs; ++k) bytes += bytes_of<T>(distinct_elements(d, k));
  count_work<T>(std::is_floating_point_v<T> ? Operations * d.numel : 0, bytes);
}

/// 2 m n k for each product.
template <class T>
void count_gemm(const GemmDims& d, bool accumulate) {
  if (!detail::is_profiled()) [[likely]]
    return;
  const Index a = (d.a_batch == 0 ? 1 : d.batch) * d.m * d.k;
  const Index b = (d.b_batch == 0 ? 1 : d.batch) * d.k * d.n;
  const Index c = d.batch * d.m * d.n;
  count_work<T>(2 * c * d.k, bytes_of<T>(a + b + (accumulate ? 2 : 1) * c));
}

/// 2 (size + value_size) for each pair of a query and a key, of which causality leaves half.
inline Index attention_pairs(const AttentionDims& d) {
  const Index pairs = d.batch * d.heads * d.q_len * d.k_len;
  return d.causal ? pairs / 2 : pairs;
}
template <class T>
void count_attention(const AttentionDims& d) {
  if (!detail::is_profiled()) [[likely]]
    return;
  const Index queries = d.batch * d.heads * d.q_len, keys = d.batch * d.kv_heads * d.k_len;
  const Index sizes = d.size + d.value_size;
  count_work<T>(2 * attention_pairs(d) * sizes, bytes_of<T>((queries + keys) * sizes));
}
/// Scores and their gradients again, and the three gradients.
template <class T>
void count_attention_backward(const AttentionDims& d) {
  if (!detail::is_profiled()) [[likely]]
    return;
  const Index queries = d.batch * d.heads * d.q_len, keys = d.batch * d.kv_heads * d.k_len;
  const Index sizes = d.size + d.value_size;
  count_work<T>(attention_pairs(d) * (6 * d.size + 4 * d.value_size),
                bytes_of<T>(2 * (queries + keys) * sizes));
}

/// 2 N O out_h out_w C/groups KH KW, forward and for either gradient.
template <class T>
void count_conv2d(const Conv2dDims& d) {
  if (!detail::is_profiled()) [[likely]]
    return;
  const Index x = d.n * d.c * d.h * d.w, y = d.n * d.o * d.out_h * d.out_w;
  const Index taps = d.c / d.groups * d.kh * d.kw;
  count_work<T>(2 * y * taps, bytes_of<T>(x + d.o * taps + y));
}

/// An addition for each pixel of each window, forward and backward; adaptive windows as if each
/// pixel were in one.
template <class T>
void count_avg_pool2d(const AvgPool2dDims& d) {
  const auto taps = [](const AvgPool2dAxis& axis) {
    return axis.kernel == 0 ? axis.size : axis.outputs * axis.kernel;
  };
  const Index x = d.planes * d.h.size * d.w.size, y = d.planes * d.h.outputs * d.w.outputs;
  count_work<T>(d.planes * taps(d.h) * taps(d.w), bytes_of<T>(x + y));
}

/// KH KW comparisons for each output.
template <class T>
void count_max_pool2d(const Pool2dDims& d) {
  const Index x = d.n * d.c * d.h * d.w, y = d.n * d.c * d.out_h * d.out_w;
  count_work<T>(y * d.kh * d.kw, bytes_of<T>(x + y) + bytes_of<std::int32_t>(y));
}

/// An addition for each output.
template <class T>
void count_max_pool2d_backward(const Pool2dDims& d) {
  const Index dx = d.n * d.c * d.h * d.w, dy = d.n * d.c * d.out_h * d.out_w;
  count_work<T>(dy, bytes_of<T>(dx + dy) + bytes_of<std::int32_t>(dy));
}

template <class T>
void count_softmax(const SoftmaxDims& d, Index operations, Index arrays) {
  count_arrays<T>(d.outer * d.n * d.inner, operations, arrays);
}

/// A distance, its sum and that of its square (4), then y of them (4).
template <class T>
void count_layer_norm(const LayerNormDims& d) {
  count_arrays<T>(d.rows * d.n, 8, 2);
}
template <class T>
void count_batch_norm_training(const BatchNormDims& d) {
  count_arrays<T>(d.n * d.c * d.inner, 8, 2);
}
template <class T>
void count_batch_norm_inference(const BatchNormDims& d) {
  count_arrays<T>(d.n * d.c * d.inner, 4, 2);
}

/// h (2), the sums of g and g h (3), then dx of them (4).
template <class T>
void count_layer_norm_backward(const LayerNormDims& d) {
  count_arrays<T>(d.rows * d.n, 9, 3);
}
template <class T>
void count_batch_norm_backward(const BatchNormDims& d) {
  count_arrays<T>(d.n * d.c * d.inner, 9, 3);
}

/// An operation for each element that goes in.
template <class T>
void count_reduce(const ReduceDims& d, Index output_bytes) {
  if (!detail::is_profiled()) [[likely]]
    return;
  Index outputs = 1, terms = 1;
  for (int i = 0; i < d.rank; ++i) outputs *= d.sizes[i];
  for (int i = 0; i < d.reduced_rank; ++i) terms *= d.reduced_sizes[i];
  const Index inputs = distinct_elements(d.rank, d.sizes, d.strides) *
                       distinct_elements(d.reduced_rank, d.reduced_sizes, d.reduced_strides);
  count_work<T>(outputs * terms, bytes_of<T>(inputs) + outputs * output_bytes);
}

/// Products of x, h and, where they are projected, the units with the weights of so many gates, in
/// each real step.
struct RecurrentProducts {
  Index steps = 0;                     ///< of all sequences and directions
  Index input, recurrent, projection;  ///< multiplications in a step, and weights

  RecurrentProducts(const RecurrentDims& d, Index gates, bool projects)
      : input(gates * d.s * d.d),
        recurrent(gates * d.s * d.outputs),
        projection(projects ? d.outputs * d.s : 0) {
    for (Index i = 0; i < d.n; ++i) steps += d.lengths == nullptr ? d.l : d.lengths[i];
    steps *= d.directions;
  }
  Index all() const { return input + recurrent + projection; }
};

template <class T>
void count_recurrent(const RecurrentDims& d, Index gates, const RecurrentForward<T>& of) {
  if (!detail::is_profiled()) [[likely]]
    return;
  const RecurrentProducts p(d, gates, of.weights[0].w_hr != nullptr);
  const Index x = p.steps / d.directions * d.d, y = d.n * d.l * d.directions * d.outputs;
  count_work<T>(2 * p.steps * p.all(), bytes_of<T>(x + y + d.directions * p.all()));
}

/// A product for each gradient: of the states always, of x and of the weights where wanted.
template <class T>
void count_recurrent_backward(const RecurrentDims& d, Index gates, const RecurrentForward<T>& of,
                              const RecurrentBackward<T>& g) {
  if (!detail::is_profiled()) [[likely]]
    return;
  const RecurrentProducts p(d, gates, of.weights[0].w_hr != nullptr);
  const RecurrentWeightGradients<T>& dw = g.weights[0];
  const Index input = p.input * ((dw.w_ih != nullptr) + (g.dx != nullptr));
  const Index recurrent = p.recurrent * (1 + (dw.w_hh != nullptr));
  const Index projection = p.projection * (1 + (dw.w_hr != nullptr));
  const Index x = p.steps / d.directions * d.d, y = p.steps * d.outputs;
  count_work<T>(2 * p.steps * (input + recurrent + projection),
                bytes_of<T>((g.dx != nullptr ? 2 : 1) * x + (g.dy != nullptr ? 2 : 1) * y +
                            2 * d.directions * p.all()));
}

/// What comes on top of log_softmax: a loss for each row.
template <class T>
void count_cross_entropy(const CrossEntropyDims& d) {
  const Index read = d.label_smoothing == 0 ? d.n : d.n * d.c;
  count_work<T>(read, bytes_of<T>(read + d.n) + bytes_of<std::int64_t>(d.n));
}

/// An exponential, a difference and a product for each class.
template <class T>
void count_cross_entropy_backward(const CrossEntropyDims& d) {
  count_work<T>(3 * d.n * d.c, bytes_of<T>(2 * d.n * d.c + d.n) + bytes_of<std::int64_t>(d.n));
}

/// Without momentum a product and a difference; with it three operations more, but none in the
/// first step.
template <class T>
void count_sgd(Index n, const SgdStep& step) {
  const Index decay = step.weight_decay == 0 ? 0 : 2, nesterov = step.nesterov ? 2 : 0;
  if (step.momentum == 0) return count_arrays<T>(n, 2 + decay, 3);
  count_arrays<T>(n, (step.first ? 2 : 5) + decay + nesterov, step.first ? 4 : 5);
}

}  // namespace tenon::kernels
