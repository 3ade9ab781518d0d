#include "tenon/ops/arithmetic.hpp"

#include "ops/common.hpp"
#include "tenon/kernels/elementwise.hpp"
#include "tenon/ops/compare.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon {
namespace detail {

template <class T>
BasicTensor<T> affine(const char* op, const BasicTensor<T>& x, T alpha, T beta) {
  const OpScope scope(op);
  const TensorImpl& p = defined(op, x.impl());
  auto y = BasicTensor<T>::empty(p.shape);
  kernels::affine(elementwise_dims<1>(p.shape, {&p}), alpha, beta, x.data(), y.data());
  if (Recording recording{op, x}) {
    recording.rule(y, [alpha](Sweep<T>& sweep) {
      sweep.add(0, alpha == T(1) ? sweep.dy() : sweep.dy() * alpha);
    });
  }
  return y;
}

template <class T>
BasicTensor<T> divide(const BasicTensor<T>& x, T c) {
  const OpScope scope("div");
  auto y = apply("div", kernels::div<T>, x, c);
  if (Recording recording{"div", x}) {
    recording.rule(y, [c](Sweep<T>& sweep) { sweep.add(0, sweep.dy() / c); });
  }
  return y;
}

template <class T>
BasicTensor<T> divide(T c, const BasicTensor<T>& x) {
  const OpScope scope("div");
  auto y = apply("div", kernels::div<T>, c, x);
  if (Recording recording{"div", x}) {
    recording.rule(y, [x = Saved(x), y = Saved(y)](Sweep<T>& sweep) {
      sweep.add(0, -(sweep.dy() * *y) / *x);
    });
  }
  return y;
}

template <class T>
BasicTensor<T> pow_scalar(const BasicTensor<T>& x, T exponent) {
  const OpScope scope("pow");
  const TensorImpl& p = defined("pow", x.impl());
  auto y = BasicTensor<T>::empty(p.shape);
  kernels::pow_scalar(elementwise_dims<1>(p.shape, {&p}), exponent, x.data(), y.data());
  if (Recording recording{"pow", x}) {
    recording.rule(y, [x = Saved(x), exponent](Sweep<T>& sweep) {
      // 0^-1 times 0 would make a NaN of the gradient of x^0 at 0.
      if (exponent == T(0)) return sweep.add(0, zeros<T>(sweep.shape(0)));
      if (exponent == T(1)) return sweep.add(0, sweep.dy());
      sweep.add(0, sweep.dy() * (exponent * pow_scalar(*x, exponent - 1)));
    });
  }
  return y;
}

namespace {

/// dy where a wins over b, half of it where they are equal; `loses` is lt for the maximum.
template <class T>
BasicTensor<T> share_of_winner(const BasicTensor<T>& dy, const BasicTensor<T>& a,
                               const BasicTensor<T>& b, const BoolTensor& loses) {
  return where(loses, 0, where(eq(a, b), dy * 0.5, dy));
}

}  // namespace
}  // namespace detail

template <std::floating_point T>
BasicTensor<T> operator+(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  const detail::OpScope scope("add");
  auto y = detail::apply("add", kernels::add<T>, a, b);
  if (detail::Recording recording{"add", a, b}) {
    recording.rule(y, [](detail::Sweep<T>& sweep) {
      if (sweep.needs(0)) sweep.add(0, detail::sum_to(sweep.dy(), sweep.shape(0)));
      if (sweep.needs(1)) sweep.add(1, detail::sum_to(sweep.dy(), sweep.shape(1)));
    });
  }
  return y;
}

template <std::floating_point T>
BasicTensor<T> operator-(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  const detail::OpScope scope("sub");
  auto y = detail::apply("sub", kernels::sub<T>, a, b);
  if (detail::Recording recording{"sub", a, b}) {
    recording.rule(y, [](detail::Sweep<T>& sweep) {
      if (sweep.needs(0)) sweep.add(0, detail::sum_to(sweep.dy(), sweep.shape(0)));
      if (sweep.needs(1)) sweep.add(1, -detail::sum_to(sweep.dy(), sweep.shape(1)));
    });
  }
  return y;
}

template <std::floating_point T>
BasicTensor<T> operator*(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  const detail::OpScope scope("mul");
  auto y = detail::apply("mul", kernels::mul<T>, a, b);
  if (detail::Recording recording{"mul", a, b}) {
    recording.rule(y, [a = detail::saved_if(recording.needs(1), a),
                       b = detail::saved_if(recording.needs(0), b)](detail::Sweep<T>& sweep) {
      if (sweep.needs(0)) sweep.add(0, detail::sum_to(sweep.dy() * *b, sweep.shape(0)));
      if (sweep.needs(1)) sweep.add(1, detail::sum_to(sweep.dy() * *a, sweep.shape(1)));
    });
  }
  return y;
}

template <std::floating_point T>
BasicTensor<T> operator/(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  const detail::OpScope scope("div");
  auto y = detail::apply("div", kernels::div<T>, a, b);
  if (detail::Recording recording{"div", a, b}) {
    recording.rule(y, [b = detail::Saved(b),
                       y = detail::saved_if(recording.needs(1), y)](detail::Sweep<T>& sweep) {
      const auto da = sweep.dy() / *b;
      if (sweep.needs(0)) sweep.add(0, detail::sum_to(da, sweep.shape(0)));
      if (sweep.needs(1)) sweep.add(1, -detail::sum_to(da * *y, sweep.shape(1)));
    });
  }
  return y;
}

template <std::floating_point T>
BasicTensor<T> operator-(const BasicTensor<T>& x) {
  const detail::OpScope scope("neg");
  auto y = detail::apply("neg", kernels::neg<T>, x);
  if (detail::Recording recording{"neg", x}) {
    recording.rule(y, [](detail::Sweep<T>& sweep) { sweep.add(0, -sweep.dy()); });
  }
  return y;
}

template <std::floating_point T>
BasicTensor<T> maximum(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  const detail::OpScope scope("maximum");
  auto y = detail::apply("maximum", kernels::maximum<T>, a, b);
  if (detail::Recording recording{"maximum", a, b}) {
    recording.rule(y, [a = detail::Saved(a), b = detail::Saved(b)](detail::Sweep<T>& sweep) {
      const auto share = [&](const BasicTensor<T>& winner, const BasicTensor<T>& loser) {
        return detail::share_of_winner(sweep.dy(), winner, loser, lt(winner, loser));
      };
      if (sweep.needs(0)) sweep.add(0, detail::sum_to(share(*a, *b), sweep.shape(0)));
      if (sweep.needs(1)) sweep.add(1, detail::sum_to(share(*b, *a), sweep.shape(1)));
    });
  }
  return y;
}

template <std::floating_point T>
BasicTensor<T> minimum(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  const detail::OpScope scope("minimum");
  auto y = detail::apply("minimum", kernels::minimum<T>, a, b);
  if (detail::Recording recording{"minimum", a, b}) {
    recording.rule(y, [a = detail::Saved(a), b = detail::Saved(b)](detail::Sweep<T>& sweep) {
      const auto share = [&](const BasicTensor<T>& winner, const BasicTensor<T>& loser) {
        return detail::share_of_winner(sweep.dy(), winner, loser, gt(winner, loser));
      };
      if (sweep.needs(0)) sweep.add(0, detail::sum_to(share(*a, *b), sweep.shape(0)));
      if (sweep.needs(1)) sweep.add(1, detail::sum_to(share(*b, *a), sweep.shape(1)));
    });
  }
  return y;
}

template <std::floating_point T>
BasicTensor<T> pow(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  const detail::OpScope scope("pow");
  auto y = detail::apply("pow", kernels::pow<T>, a, b);
  if (detail::Recording recording{"pow", a, b}) {
    recording.rule(y, [a = detail::Saved(a), b = detail::Saved(b),
                       y = detail::saved_if(recording.needs(1), y)](detail::Sweep<T>& sweep) {
      // Where a = 0 would make 0 times infinity, the rule looks at 1 instead of a: all factors
      // stay finite, and so do those of the second derivative.
      if (sweep.needs(0)) {
        const auto base = where(eq(where(eq(*b, 0), *a, 1), 0), 1, *a);
        sweep.add(0, detail::sum_to(sweep.dy() * (*b * pow(base, *b - 1)), sweep.shape(0)));
      }
      if (sweep.needs(1)) {
        const auto base = where(eq(where(ge(*b, 0), *a, 1), 0), 1, *a);
        sweep.add(1, detail::sum_to(sweep.dy() * (*y * log(base)), sweep.shape(1)));
      }
    });
  }
  return y;
}

#define TENON_INSTANTIATE(T)                                                                  \
  template TENON_API BasicTensor<T> detail::affine(const char*, const BasicTensor<T>&, T, T); \
  template TENON_API BasicTensor<T> detail::divide(T, const BasicTensor<T>&);                 \
  template TENON_API BasicTensor<T> detail::divide(const BasicTensor<T>&, T);                 \
  template TENON_API BasicTensor<T> detail::pow_scalar(const BasicTensor<T>&, T);             \
  template TENON_API BasicTensor<T> operator+(const BasicTensor<T>&, const BasicTensor<T>&);  \
  template TENON_API BasicTensor<T> operator-(const BasicTensor<T>&, const BasicTensor<T>&);  \
  template TENON_API BasicTensor<T> operator*(const BasicTensor<T>&, const BasicTensor<T>&);  \
  template TENON_API BasicTensor<T> operator/(const BasicTensor<T>&, const BasicTensor<T>&);  \
  template TENON_API BasicTensor<T> operator-(const BasicTensor<T>&);                         \
  template TENON_API BasicTensor<T> maximum(const BasicTensor<T>&, const BasicTensor<T>&);    \
  template TENON_API BasicTensor<T> minimum(const BasicTensor<T>&, const BasicTensor<T>&);    \
  template TENON_API BasicTensor<T> pow(const BasicTensor<T>&, const BasicTensor<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
