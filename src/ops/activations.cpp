#include "tenon/ops/activations.hpp"

#include <limits>

#include "ops/common.hpp"
#include "tenon/base/error.hpp"
#include "tenon/kernels/activations.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/compare.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/math.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/ops/sigmoid.hpp"
#include "tenon/ops/tanh.hpp"

namespace tenon {
namespace {

/// One activation with its parameters: what all of them are computed and recorded by.
template <class T>
struct Curve {
  const char* op;
  const char* backward_op;
  void (*forward)(const kernels::ElementwiseDims<1>&, const T* p, const T* x, T* y);
  void (*backward)(const kernels::ElementwiseDims<2>&, const T* p, const T* dy, const T* x, T* dx);
  /// The second derivative at x, made of operations; null where it is 0 but for single points.
  BasicTensor<T> (*second)(const T* p, const BasicTensor<T>& x);
  T p[4] = {};
};

/// dx = dy f'(x); with g the gradient of dx, ddy = g f'(x) and the gradient of x is g dy f''(x).
template <class T>
BasicTensor<T> backward(const Curve<T>& f, const BasicTensor<T>& dy, const BasicTensor<T>& x) {
  const detail::OpScope scope(f.backward_op);
  auto dx = BasicTensor<T>::empty(x.shape());
  f.backward(detail::elementwise_dims<2>(dx.shape(), {dy.impl(), x.impl()}), f.p, dy.data(),
             x.data(), dx.data());
  if (detail::Recording recording{f.backward_op, dy, x}) {
    recording.rule(dx, [f, dy = detail::saved_if(recording.needs(1), dy),
                        x = detail::Saved(x)](detail::Sweep<T>& sweep) {
      if (sweep.needs(0)) sweep.add(0, backward(f, sweep.dy(), *x));
      if (sweep.needs(1) && f.second) sweep.add(1, sweep.dy() * *dy * f.second(f.p, *x));
    });
  }
  return dx;
}

template <class T>
BasicTensor<T> activate(const Curve<T>& f, const BasicTensor<T>& x) {
  const detail::OpScope scope(f.op);
  const detail::TensorImpl& impl = detail::defined(f.op, x.impl());
  auto y = BasicTensor<T>::empty(impl.shape);
  f.forward(detail::elementwise_dims<1>(impl.shape, {&impl}), f.p, x.data(), y.data());
  if (detail::Recording recording{f.op, x}) {
    recording.rule(y, [f, x = detail::Saved(x)](detail::Sweep<T>& sweep) {
      sweep.add(0, backward(f, sweep.dy(), *x));
    });
  }
  return y;
}

template <class T>
BasicTensor<T> elu_curve(const char* op, const char* backward_op, const BasicTensor<T>& x,
                         double alpha, double scale, double input_scale) {
  const auto second = [](const T* p, const BasicTensor<T>& v) {
    const auto left = exp(v * p[2]) * (p[0] * p[1] * p[2] * p[2]);
    return where(gt(v, 0), 0, left);
  };
  return activate<T>({op,
                      backward_op,
                      kernels::elu<T>,
                      kernels::elu_backward<T>,
                      second,
                      {static_cast<T>(alpha), static_cast<T>(scale), static_cast<T>(input_scale)}},
                     x);
}

template <class T>
BasicTensor<T> ramp(const char* op, const char* backward_op, const BasicTensor<T>& x, double shift,
                    double low, double high, double scale) {
  return activate<T>(
      {op,
       backward_op,
       kernels::ramp<T>,
       kernels::ramp_backward<T>,
       nullptr,
       {static_cast<T>(shift), static_cast<T>(low), static_cast<T>(high), static_cast<T>(scale)}},
      x);
}

template <class T>
BasicTensor<T> softplus_curve(const char* op, const char* backward_op, const BasicTensor<T>& x,
                              double beta, double threshold) {
  const auto second = [](const T* p, const BasicTensor<T>& v) {
    const auto z = v * p[0], s = sigmoid(z);
    return where(gt(z, p[1]), 0, s * sigmoid(-z) * p[0]);
  };
  return activate<T>({op,
                      backward_op,
                      kernels::softplus<T>,
                      kernels::softplus_backward<T>,
                      second,
                      {static_cast<T>(beta), static_cast<T>(threshold)}},
                     x);
}

/// With s = sigmoid(x), t = tanh(ln(1 + e^x)) and t' = (1 - t^2) s: t' (2 + x (1 - s - 2 s t))
template <class T>
BasicTensor<T> mish_second(const T*, const BasicTensor<T>& x) {
  const BasicTensor<T> s = sigmoid(x), t = tanh(softplus(x));
  return (1 - square(t)) * s * (x * (1 - s - s * t * 2) + 2);
}

template <class T>
BasicTensor<T> softsign_second(const T*, const BasicTensor<T>& x) {
  return sign(x) * -2 / pow(abs(x) + 1, 3);
}

template <class T>
BasicTensor<T> hardswish_second(const T*, const BasicTensor<T>& x) {
  return where(lt(abs(x), 3), full<T>({}, T(1) / T(3)), 0);
}

/// dx = dy where x > 0, else w dy; w broadcasts to x. Linear in dy and in w, constant in x.
template <class T>
BasicTensor<T> prelu_backward(const BasicTensor<T>& dy, const BasicTensor<T>& x,
                              const BasicTensor<T>& w) {
  const detail::OpScope scope("prelu_backward");
  auto dx = BasicTensor<T>::empty(x.shape());
  kernels::prelu_backward(detail::elementwise_dims<3>(dx.shape(), {dy.impl(), x.impl(), w.impl()}),
                          dy.data(), x.data(), w.data(), dx.data());
  if (detail::Recording recording{"prelu_backward", dy, w}) {
    recording.rule(dx, [dy = detail::saved_if(recording.needs(1), dy), x = detail::Saved(x),
                        w = detail::Saved(w)](detail::Sweep<T>& sweep) {
      const auto& g = sweep.dy();
      if (sweep.needs(0)) sweep.add(0, prelu_backward(g, *x, *w));
      if (sweep.needs(1)) {
        sweep.add(1, detail::sum_to(where(gt(*x, 0), 0, g * *dy), sweep.shape(1)));
      }
    });
  }
  return dx;
}

/// w broadcasts to x.
template <class T>
BasicTensor<T> rectify(const char* op, const BasicTensor<T>& x, const BasicTensor<T>& w) {
  const detail::OpScope scope(op);
  auto y = detail::apply(op, kernels::prelu<T>, x, w);
  if (detail::Recording recording{op, x, w}) {
    recording.rule(y, [x = detail::Saved(x), w = detail::Saved(w)](detail::Sweep<T>& sweep) {
      const auto& dy = sweep.dy();
      if (sweep.needs(0)) sweep.add(0, prelu_backward(dy, *x, *w));
      if (sweep.needs(1)) {
        sweep.add(1, detail::sum_to(where(gt(*x, 0), 0, *x * dy), sweep.shape(1)));
      }
    });
  }
  return y;
}

void check_slopes(const Shape& x, const Shape& w) {
  const Index channels = x.rank() > 1 ? x[1] : 1;
  if (w.rank() == 1 && (w[0] == 1 || w[0] == channels)) return;
  detail::fail<ShapeError>("prelu", "w must have shape (1) or (C=", channels, ") but has ", w,
                           ": x ", x,
                           "; hint: one slope for all, or one for each channel, axis 1 of x");
}

}  // namespace

template <std::floating_point T>
BasicTensor<T> leaky_relu(const BasicTensor<T>& x, double negative_slope) {
  return rectify("leaky_relu", x, full<T>({}, static_cast<T>(negative_slope)));
}

template <std::floating_point T>
BasicTensor<T> prelu(const BasicTensor<T>& x, const BasicTensor<T>& w) {
  const Shape& shape = detail::defined("prelu", x.impl()).shape;
  check_slopes(shape, detail::defined("prelu", w.impl()).shape);
  if (w.size(0) == 1) return rectify("prelu", x, w.reshape({}));
  Shape channels = Shape::filled(shape.rank() - 1, 1);
  channels[0] = w.size(0);
  return rectify("prelu", x, w.reshape(channels));
}

template <std::floating_point T>
BasicTensor<T> elu(const BasicTensor<T>& x, double alpha) {
  return elu_curve("elu", "elu_backward", x, alpha, 1, 1);
}

template <std::floating_point T>
BasicTensor<T> selu(const BasicTensor<T>& x) {
  return elu_curve("selu", "selu_backward", x, 1.6732632423543772, 1.0507009873554805, 1);
}

template <std::floating_point T>
BasicTensor<T> celu(const BasicTensor<T>& x, double alpha) {
  if (alpha == 0) {
    detail::fail<ValueError>("celu", "alpha must not be 0, by which x is divided",
                             "; hint: its default is 1; relu is the limit");
  }
  return elu_curve("celu", "celu_backward", x, alpha, 1, 1 / alpha);
}

template <std::floating_point T>
BasicTensor<T> relu6(const BasicTensor<T>& x) {
  return ramp("relu6", "relu6_backward", x, 0, 0, 6, 1);
}

template <std::floating_point T>
BasicTensor<T> hardtanh(const BasicTensor<T>& x, double min_val, double max_val) {
  if (min_val > max_val) {
    detail::fail<ValueError>("hardtanh", "min_val must not be larger than max_val, but they are ",
                             min_val, " and ", max_val, "; hint: hardtanh(x, min_val, max_val)");
  }
  return ramp("hardtanh", "hardtanh_backward", x, 0, min_val, max_val, 1);
}

template <std::floating_point T>
BasicTensor<T> hardsigmoid(const BasicTensor<T>& x) {
  return ramp("hardsigmoid", "hardsigmoid_backward", x, 3, 0, 6, 1.0 / 6);
}

template <std::floating_point T>
BasicTensor<T> hardswish(const BasicTensor<T>& x) {
  return activate<T>({"hardswish", "hardswish_backward", kernels::hardswish<T>,
                      kernels::hardswish_backward<T>, hardswish_second<T>},
                     x);
}

template <std::floating_point T>
BasicTensor<T> softplus(const BasicTensor<T>& x, double beta, double threshold) {
  if (beta == 0) {
    detail::fail<ValueError>("softplus", "beta must not be 0, by which the logarithm is divided",
                             "; hint: its default is 1");
  }
  return softplus_curve("softplus", "softplus_backward", x, beta, threshold);
}

template <std::floating_point T>
BasicTensor<T> mish(const BasicTensor<T>& x) {
  return activate<T>(
      {"mish", "mish_backward", kernels::mish<T>, kernels::mish_backward<T>, mish_second<T>}, x);
}

template <std::floating_point T>
BasicTensor<T> softsign(const BasicTensor<T>& x) {
  return activate<T>({"softsign", "softsign_backward", kernels::softsign<T>,
                      kernels::softsign_backward<T>, softsign_second<T>},
                     x);
}

template <std::floating_point T>
BasicTensor<T> logsigmoid(const BasicTensor<T>& x) {
  // ln sigmoid(x) = -ln(1 + e^-x) is softplus with beta -1.
  return softplus_curve("logsigmoid", "logsigmoid_backward", x, -1,
                        std::numeric_limits<double>::infinity());
}

#define TENON_INSTANTIATE(T)                                                             \
  template TENON_API BasicTensor<T> leaky_relu(const BasicTensor<T>&, double);           \
  template TENON_API BasicTensor<T> prelu(const BasicTensor<T>&, const BasicTensor<T>&); \
  template TENON_API BasicTensor<T> elu(const BasicTensor<T>&, double);                  \
  template TENON_API BasicTensor<T> selu(const BasicTensor<T>&);                         \
  template TENON_API BasicTensor<T> celu(const BasicTensor<T>&, double);                 \
  template TENON_API BasicTensor<T> relu6(const BasicTensor<T>&);                        \
  template TENON_API BasicTensor<T> hardtanh(const BasicTensor<T>&, double, double);     \
  template TENON_API BasicTensor<T> hardsigmoid(const BasicTensor<T>&);                  \
  template TENON_API BasicTensor<T> hardswish(const BasicTensor<T>&);                    \
  template TENON_API BasicTensor<T> softplus(const BasicTensor<T>&, double, double);     \
  template TENON_API BasicTensor<T> mish(const BasicTensor<T>&);                         \
  template TENON_API BasicTensor<T> softsign(const BasicTensor<T>&);                     \
  template TENON_API BasicTensor<T> logsigmoid(const BasicTensor<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
