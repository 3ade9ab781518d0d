#include "tenon/ops/gelu.hpp"

#include "ops/common.hpp"
#include "tenon/kernels/activation.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/sigmoid.hpp"

namespace tenon {
namespace {

/// gelu'' = (2 - x^2) e^(-x^2/2) / sqrt(2 pi)
template <class T>
BasicTensor<T> gelu_second_derivative(const BasicTensor<T>& x) {
  const BasicTensor<T> xx = square(x);
  return (2 - xx) * exp(xx * -0.5) * 0.39894228040143268;
}

/// With s = sigmoid(z): (s z' (1 - s)) (2 + x z' (1 - 2 s)) + x s (1 - s) z''
template <class T>
BasicTensor<T> gelu_tanh_second_derivative(const BasicTensor<T>& x) {
  constexpr double a = 1.5957691216057308, b = 0.044715 * a;  // z = a x + b x^3, a = sqrt(8 / pi)
  const BasicTensor<T> xx = square(x), slope = xx * (3 * b) + a;
  const BasicTensor<T> s = sigmoid(x * (xx * b + a)), density = s * (1 - s);
  return density * (slope * (x * slope * (1 - s * 2) + 2) + xx * (6 * b));
}

}  // namespace

template <class T>
BasicTensor<T> detail::gelu_backward(const BasicTensor<T>& dy, const BasicTensor<T>& x) {
  const OpScope scope("gelu_backward");
  auto dx = apply("gelu_backward", kernels::gelu_backward<T>, dy, x);
  if (Recording recording{"gelu_backward", dy, x}) {
    recording.rule(dx, [dy = saved_if(recording.needs(1), dy), x = Saved(x)](Sweep<T>& sweep) {
      if (sweep.needs(0)) sweep.add(0, gelu_backward(sweep.dy(), *x));
      if (sweep.needs(1)) sweep.add(1, sweep.dy() * *dy * gelu_second_derivative(*x));
    });
  }
  return dx;
}

template <class T>
BasicTensor<T> detail::gelu_tanh_backward(const BasicTensor<T>& dy, const BasicTensor<T>& x) {
  const OpScope scope("gelu_tanh_backward");
  auto dx = apply("gelu_tanh_backward", kernels::gelu_tanh_backward<T>, dy, x);
  if (Recording recording{"gelu_tanh_backward", dy, x}) {
    recording.rule(dx, [dy = saved_if(recording.needs(1), dy), x = Saved(x)](Sweep<T>& sweep) {
      if (sweep.needs(0)) sweep.add(0, gelu_tanh_backward(sweep.dy(), *x));
      if (sweep.needs(1)) sweep.add(1, sweep.dy() * *dy * gelu_tanh_second_derivative(*x));
    });
  }
  return dx;
}

template <std::floating_point T>
BasicTensor<T> gelu(const BasicTensor<T>& x, const GeluOptions& options) {
  const detail::OpScope scope("gelu");
  const bool exact = options.approximate == GeluApproximation::none;
  auto y = detail::apply("gelu", exact ? kernels::gelu<T> : kernels::gelu_tanh<T>, x);
  if (detail::Recording recording{"gelu", x}) {
    recording.rule(y, [exact, x = detail::Saved(x)](detail::Sweep<T>& sweep) {
      sweep.add(0, exact ? detail::gelu_backward(sweep.dy(), *x)
                         : detail::gelu_tanh_backward(sweep.dy(), *x));
    });
  }
  return y;
}

#define TENON_INSTANTIATE(T)                                                          \
  template TENON_API BasicTensor<T> gelu(const BasicTensor<T>&, const GeluOptions&);  \
  template TENON_API BasicTensor<T> detail::gelu_backward(const BasicTensor<T>&,      \
                                                          const BasicTensor<T>&);     \
  template TENON_API BasicTensor<T> detail::gelu_tanh_backward(const BasicTensor<T>&, \
                                                               const BasicTensor<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
