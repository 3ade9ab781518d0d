#pragma once

#include <algorithm>

#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"
#include "tenon/base/parallel.hpp"
#include "tenon/kernels/dims.hpp"

/// Before a loop that may read and write the same array, but never another iteration's element.
#if defined(__GNUC__) && !defined(__clang__)
#define TENON_INDEPENDENT _Pragma("GCC ivdep")
#else
#define TENON_INDEPENDENT
#endif

namespace tenon::kernels {

/// Elements a thread should get at least, where an element costs about one memory access or about
/// one transcendental function.
inline constexpr Index cheap_grain = 1 << 14;
inline constexpr Index costly_grain = 1 << 12;

/// Calls run(position, n, offsets) for the positions [begin, end) of the output, split where the
/// last axis ends: n consecutive outputs from position on, the operands starting at offsets and
/// going on by the last axis' strides.
template <int Inputs, class F>
void for_each_run(const ElementwiseDims<Inputs>& dims, Index begin, Index end, const F& run) {
  Index offsets[Inputs] = {};
  if (dims.rank <= 1) {  // nearly always; a few elements should not pay for the rest
    for (int k = 0; k < Inputs && dims.rank == 1; ++k) offsets[k] = begin * dims.strides[k][0];
    return run(begin, end - begin, offsets);
  }

  const int last = dims.rank - 1;
  Index coordinate[max_rank] = {};
  Index rest = begin;
  for (int axis = last; axis >= 0; --axis) {
    coordinate[axis] = rest % dims.sizes[axis];
    rest /= dims.sizes[axis];
    for (int k = 0; k < Inputs; ++k) offsets[k] += coordinate[axis] * dims.strides[k][axis];
  }
  for (Index position = begin;;) {
    const Index n = std::min(dims.sizes[last] - coordinate[last], end - position);
    run(position, n, offsets);
    position += n;
    if (position >= end) return;

    for (int k = 0; k < Inputs; ++k) offsets[k] -= coordinate[last] * dims.strides[k][last];
    coordinate[last] = 0;
    for (int axis = last - 1; axis >= 0; --axis) {
      for (int k = 0; k < Inputs; ++k) offsets[k] += dims.strides[k][axis];
      if (++coordinate[axis] < dims.sizes[axis]) break;
      coordinate[axis] = 0;
      for (int k = 0; k < Inputs; ++k) offsets[k] -= dims.sizes[axis] * dims.strides[k][axis];
    }
  }
}

/// The operand's stride along the last axis.
template <int Inputs>
Index last_stride(const ElementwiseDims<Inputs>& dims, int input) {
  return dims.rank == 0 ? 1 : dims.strides[input][dims.rank - 1];
}

/// y = f(x), in parallel. Operations: what profiles count for an element.
template <Index Operations = 1, class T, class Out, class F>
void map(const ElementwiseDims<1>& dims, Index grain, const T* x, Out* y, const F& f) {
  count_elementwise<Operations, T, Out>(dims);
  const detail::FlushDenormals flush;
  const Index step = last_stride(dims, 0);
  parallel_for(dims.numel, grain, [&](Index begin, Index end) {
    for_each_run(dims, begin, end, [&](Index position, Index n, const Index* offsets) {
      const T* in = x + offsets[0];
      Out* out = y + position;
      if (step == 1) {
        TENON_INDEPENDENT
        for (Index i = 0; i < n; ++i) out[i] = f(in[i]);
      } else {
        for (Index i = 0; i < n; ++i) out[i] = f(in[i * step]);
      }
    });
  });
}

/// y = f(a, b), in parallel.
template <class T, class Out, class F>
void map(const ElementwiseDims<2>& dims, Index grain, const T* a, const T* b, Out* y, const F& f) {
  count_elementwise<1, T, Out>(dims);
  const detail::FlushDenormals flush;
  const Index step_a = last_stride(dims, 0), step_b = last_stride(dims, 1);
  parallel_for(dims.numel, grain, [&](Index begin, Index end) {
    for_each_run(dims, begin, end, [&](Index position, Index n, const Index* offsets) {
      const T* in_a = a + offsets[0];
      const T* in_b = b + offsets[1];
      Out* out = y + position;
      if (step_a == 1 && step_b == 1) {
        TENON_INDEPENDENT
        for (Index i = 0; i < n; ++i) out[i] = f(in_a[i], in_b[i]);
      } else if (step_a == 1 && step_b == 0) {
        const T scalar = *in_b;
        TENON_INDEPENDENT
        for (Index i = 0; i < n; ++i) out[i] = f(in_a[i], scalar);
      } else if (step_a == 0 && step_b == 1) {
        const T scalar = *in_a;
        TENON_INDEPENDENT
        for (Index i = 0; i < n; ++i) out[i] = f(scalar, in_b[i]);
      } else {
        for (Index i = 0; i < n; ++i) out[i] = f(in_a[i * step_a], in_b[i * step_b]);
      }
    });
  });
}

}  // namespace tenon::kernels
