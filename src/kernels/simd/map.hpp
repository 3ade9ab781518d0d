#pragma once

#include <algorithm>

#include "kernels/reference/elementwise_loop.hpp"

/// Elementwise operations over any strides: operands that do not lie one after another are first
/// gathered in a block that fits the cache, so that the vector loops know contiguous arrays only.
namespace tenon::kernels {

/// y[i] = f(x[i]) for i < n; parameters are the operation's own.
template <class T>
using Unary = void (*)(const T* x, T* y, Index n, const T* parameters);
/// y[i] = f(a[i], b[i]) for i < n.
template <class T>
using Binary = void (*)(const T* a, const T* b, T* y, Index n);
/// The same with parameters of the operation's own.
template <class T>
using BinaryWith = void (*)(const T* a, const T* b, T* y, Index n, const T* parameters);

inline constexpr Index gather_block = 512;

/// Operand elements [first, first + n), step apart: where they lie if that is one after another,
/// else copied to buffer.
template <class T>
const T* gathered(const T* x, Index step, Index first, Index n, T* buffer) {
  if (step == 1) return x + first;
  if (step == 0) {
    if (first == 0) std::fill_n(buffer, n, *x);
    return buffer;
  }
  for (Index i = 0; i < n; ++i) buffer[i] = x[(first + i) * step];
  return buffer;
}

/// y = f(x), in parallel.
template <class T>
void map(const ElementwiseDims<1>& dims, Index grain, const T* x, T* y, Unary<T> f,
         const T* parameters = nullptr) {
  count_elementwise<1, T, T>(dims);
  const detail::FlushDenormals flush;
  const Index step = last_stride(dims, 0);
  parallel_for(dims.numel, grain, [&](Index begin, Index end) {
    for_each_run(dims, begin, end, [&](Index position, Index n, const Index* offsets) {
      if (step == 1) return f(x + offsets[0], y + position, n, parameters);
      T buffer[gather_block];
      for (Index i = 0; i < n; i += gather_block) {
        const Index size = std::min(gather_block, n - i);
        f(gathered(x + offsets[0], step, i, size, buffer), y + position + i, size, parameters);
      }
    });
  });
}

/// y = f(a, b), in parallel; f is called as a Binary.
template <class T, class F>
void map_gathered(const ElementwiseDims<2>& dims, Index grain, const T* a, const T* b, T* y,
                  const F& f) {
  count_elementwise<1, T, T>(dims);
  const detail::FlushDenormals flush;
  const Index step_a = last_stride(dims, 0), step_b = last_stride(dims, 1);
  parallel_for(dims.numel, grain, [&](Index begin, Index end) {
    for_each_run(dims, begin, end, [&](Index position, Index n, const Index* offsets) {
      if (step_a == 1 && step_b == 1) return f(a + offsets[0], b + offsets[1], y + position, n);
      T buffer_a[gather_block], buffer_b[gather_block];
      for (Index i = 0; i < n; i += gather_block) {
        const Index size = std::min(gather_block, n - i);
        f(gathered(a + offsets[0], step_a, i, size, buffer_a),
          gathered(b + offsets[1], step_b, i, size, buffer_b), y + position + i, size);
      }
    });
  });
}

/// y = f(a, b), in parallel.
template <class T>
void map(const ElementwiseDims<2>& dims, Index grain, const T* a, const T* b, T* y, Binary<T> f) {
  map_gathered(dims, grain, a, b, y, f);
}
template <class T>
void map(const ElementwiseDims<2>& dims, Index grain, const T* a, const T* b, T* y, BinaryWith<T> f,
         const T* parameters) {
  map_gathered(dims, grain, a, b, y,
               [=](const T* p, const T* q, T* out, Index n) { f(p, q, out, n, parameters); });
}

}  // namespace tenon::kernels
