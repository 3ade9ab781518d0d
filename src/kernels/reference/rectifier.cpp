#include "tenon/kernels/rectifier.hpp"

#include "elementwise_loop.hpp"

// Both branches are computed and one is chosen, which is what lets compilers make vectors of these
// loops: memory is their limit, so that they need no other form.

namespace tenon::kernels {

template <class T>
void prelu(const ElementwiseDims<2>& dims, const T* x, const T* w, T* y) {
  map(dims, cheap_grain, x, w, y, [](T v, T slope) {
    const T scaled = slope * v;
    return v > T(0) ? v : scaled;
  });
}

template <class T>
void prelu_backward(const ElementwiseDims<3>& dims, const T* dy, const T* x, const T* w, T* dx) {
  count_elementwise<1, T, T>(dims);
  const detail::FlushDenormals flush;
  const auto slope = [](T d, T v, T weight) {
    const T scaled = weight * d;
    return v > T(0) ? d : scaled;
  };
  const Index step_dy = last_stride(dims, 0), step_x = last_stride(dims, 1),
              step_w = last_stride(dims, 2);
  parallel_for(dims.numel, cheap_grain, [&](Index begin, Index end) {
    for_each_run(dims, begin, end, [&](Index position, Index n, const Index* offsets) {
      const T* d = dy + offsets[0];
      const T* v = x + offsets[1];
      const T* weight = w + offsets[2];
      T* out = dx + position;
      if (step_dy == 1 && step_x == 1 && step_w == 0) {
        const T shared = *weight;
        TENON_INDEPENDENT
        for (Index i = 0; i < n; ++i) out[i] = slope(d[i], v[i], shared);
      } else {
        for (Index i = 0; i < n; ++i) {
          out[i] = slope(d[i * step_dy], v[i * step_x], weight[i * step_w]);
        }
      }
    });
  });
}

template <class T>
void ramp(const ElementwiseDims<1>& dims, const T* p, const T* x, T* y) {
  map(dims, cheap_grain, x, y, [shift = p[0], low = p[1], high = p[2], scale = p[3]](T v) {
    const T moved = v + shift, raised = moved < low ? low : moved;
    return scale * (raised > high ? high : raised);
  });
}

template <class T>
void ramp_backward(const ElementwiseDims<2>& dims, const T* p, const T* dy, const T* x, T* dx) {
  map(dims, cheap_grain, dy, x, dx,
      [shift = p[0], low = p[1], high = p[2], scale = p[3]](T d, T v) {
        const T moved = v + shift, scaled = scale * d, left = moved <= low ? T(0) : scaled;
        return moved >= high ? T(0) : left;
      });
}

template <class T>
void hardswish(const ElementwiseDims<1>& dims, const T*, const T* x, T* y) {
  map(dims, cheap_grain, x, y, [](T v) {
    const T moved = v + T(3), share = moved * v / T(6), right = moved >= T(6) ? v : share;
    return moved <= T(0) ? T(0) : right;
  });
}

template <class T>
void hardswish_backward(const ElementwiseDims<2>& dims, const T*, const T* dy, const T* x, T* dx) {
  map(dims, cheap_grain, dy, x, dx, [](T d, T v) {
    const T share = d * (v / T(3) + T(0.5)), right = v > T(3) ? d : share;
    return v < T(-3) ? T(0) : right;
  });
}

#define TENON_INSTANTIATE(T)                                                                    \
  template void prelu<T>(const ElementwiseDims<2>&, const T*, const T*, T*);                    \
  template void prelu_backward<T>(const ElementwiseDims<3>&, const T*, const T*, const T*, T*); \
  template void ramp<T>(const ElementwiseDims<1>&, const T*, const T*, T*);                     \
  template void ramp_backward<T>(const ElementwiseDims<2>&, const T*, const T*, const T*, T*);  \
  template void hardswish<T>(const ElementwiseDims<1>&, const T*, const T*, T*);                \
  template void hardswish_backward<T>(const ElementwiseDims<2>&, const T*, const T*, const T*, T*);

TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
