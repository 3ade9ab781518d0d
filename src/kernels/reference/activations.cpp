#include "tenon/kernels/activations.hpp"

#include <cmath>

#include "activation_limits.hpp"
#include "elementwise_loop.hpp"

namespace tenon::kernels {
namespace {

/// x cut to +-end; not a number stays so.
template <class T>
T cut(T x, T end) {
  return x > end ? end : x < -end ? -end : x;
}

/// t = tanh(ln(1 + e^x)) and its slope dt/dx.
template <class T>
struct MishGate {
  T t, slope;

  explicit MishGate(T x) {
    const T e = std::exp(-std::abs(x));
    const T n = x > T(0) ? T(1) + 2 * e : e * (e + T(2));
    const T d = n + (x > T(0) ? 2 * e * e : T(2));
    t = n / d;
    slope = 4 * (x > T(0) ? e * e : e) * (T(1) + e) / (d * d);
  }
};

}  // namespace

template <class T>
void prelu(const ElementwiseDims<2>& dims, const T* x, const T* w, T* y) {
  map(dims, cheap_grain, x, w, y, [](T v, T slope) { return v > T(0) ? v : slope * v; });
}

template <class T>
void prelu_backward(const ElementwiseDims<3>& dims, const T* dy, const T* x, const T* w, T* dx) {
  count_elementwise<1, T, T>(dims);
  const detail::FlushDenormals flush;
  const Index step_dy = last_stride(dims, 0), step_x = last_stride(dims, 1),
              step_w = last_stride(dims, 2);
  parallel_for(dims.numel, cheap_grain, [&](Index begin, Index end) {
    for_each_run(dims, begin, end, [&](Index position, Index n, const Index* offsets) {
      const T* d = dy + offsets[0];
      const T* v = x + offsets[1];
      const T* weight = w + offsets[2];
      T* out = dx + position;
      for (Index i = 0; i < n; ++i) {
        out[i] = v[i * step_x] > T(0) ? d[i * step_dy] : weight[i * step_w] * d[i * step_dy];
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

template <class T>
void elu(const ElementwiseDims<1>& dims, const T* p, const T* x, T* y) {
  map(dims, costly_grain, x, y, [scale = p[1], size = p[0] * p[1], inside = p[2]](T v) {
    return v > T(0) ? scale * v : size * std::expm1(inside * v);
  });
}

template <class T>
void elu_backward(const ElementwiseDims<2>& dims, const T* p, const T* dy, const T* x, T* dx) {
  map(dims, costly_grain, dy, x, dx,
      [scale = p[1], size = p[0] * p[1] * p[2], inside = p[2]](T d, T v) {
        return d * (v > T(0) ? scale : size * std::exp(inside * v));
      });
}

template <class T>
void softplus(const ElementwiseDims<1>& dims, const T* p, const T* x, T* y) {
  map(dims, costly_grain, x, y, [beta = p[0], threshold = p[1]](T v) {
    const T z = beta * v;
    if (z > threshold) return v;
    return ((z <= T(0) ? T(0) : z) + std::log1p(std::exp(-std::abs(z)))) / beta;
  });
}

template <class T>
void softplus_backward(const ElementwiseDims<2>& dims, const T* p, const T* dy, const T* x, T* dx) {
  map(dims, costly_grain, dy, x, dx, [beta = p[0], threshold = p[1]](T d, T v) {
    const T z = beta * v, e = std::exp(-std::abs(z));
    return z > threshold ? d : d * ((z < T(0) ? e : T(1)) / (T(1) + e));
  });
}

template <class T>
void mish(const ElementwiseDims<1>& dims, const T*, const T* x, T* y) {
  map(dims, costly_grain, x, y, [](T v) {
    const T t = MishGate<T>(v).t;
    return (v < T(-mish_end) ? T(-mish_end) : v) * t;
  });
}

template <class T>
void mish_backward(const ElementwiseDims<2>& dims, const T*, const T* dy, const T* x, T* dx) {
  map(dims, costly_grain, dy, x, dx, [](T d, T v) {
    const T inside = cut(v, T(mish_end));
    const MishGate<T> gate(inside);
    return d * (gate.t + inside * gate.slope);
  });
}

template <class T>
void softsign(const ElementwiseDims<1>& dims, const T*, const T* x, T* y) {
  map(dims, cheap_grain, x, y, [](T v) {
    const T inside = cut(v, T(softsign_end));
    return inside / (T(1) + std::abs(inside));
  });
}

template <class T>
void softsign_backward(const ElementwiseDims<2>& dims, const T*, const T* dy, const T* x, T* dx) {
  map(dims, cheap_grain, dy, x, dx, [](T d, T v) {
    const T q = T(1) / (T(1) + std::abs(v));
    return d * q * q;
  });
}

#define TENON_INSTANTIATE_CURVE(T, f)                                    \
  template void f<T>(const ElementwiseDims<1>&, const T*, const T*, T*); \
  template void f##_backward<T>(const ElementwiseDims<2>&, const T*, const T*, const T*, T*);
#define TENON_INSTANTIATE(T)                                                                    \
  template void prelu<T>(const ElementwiseDims<2>&, const T*, const T*, T*);                    \
  template void prelu_backward<T>(const ElementwiseDims<3>&, const T*, const T*, const T*, T*); \
  TENON_INSTANTIATE_CURVE(T, ramp)                                                              \
  TENON_INSTANTIATE_CURVE(T, hardswish)                                                         \
  TENON_INSTANTIATE_CURVE(T, elu)                                                               \
  TENON_INSTANTIATE_CURVE(T, softplus)                                                          \
  TENON_INSTANTIATE_CURVE(T, mish)                                                              \
  TENON_INSTANTIATE_CURVE(T, softsign)

TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
