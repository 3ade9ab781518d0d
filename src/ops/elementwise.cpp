#include "tenon/ops/elementwise.hpp"

#include "ops/common.hpp"
#include "tenon/kernels/compare.hpp"
#include "tenon/kernels/elementwise.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/compare.hpp"
#include "tenon/ops/reduce.hpp"

namespace tenon {

template <std::floating_point T>
BasicTensor<T> neg(const BasicTensor<T>& x) {
  return -x;
}

template <std::floating_point T>
BasicTensor<T> exp(const BasicTensor<T>& x) {
  const detail::OpScope scope("exp");
  auto y = detail::apply("exp", kernels::exp<T>, x);
  if (detail::Recording recording{"exp", x}) {
    recording.rule(
        y, [y = detail::Saved(y)](detail::Sweep<T>& sweep) { sweep.add(0, sweep.dy() * *y); });
  }
  return y;
}

template <std::floating_point T>
BasicTensor<T> log(const BasicTensor<T>& x) {
  const detail::OpScope scope("log");
  auto y = detail::apply("log", kernels::log<T>, x);
  if (detail::Recording recording{"log", x}) {
    recording.rule(
        y, [x = detail::Saved(x)](detail::Sweep<T>& sweep) { sweep.add(0, sweep.dy() / *x); });
  }
  return y;
}

template <std::floating_point T>
BasicTensor<T> sqrt(const BasicTensor<T>& x) {
  const detail::OpScope scope("sqrt");
  auto y = detail::apply("sqrt", kernels::sqrt<T>, x);
  if (detail::Recording recording{"sqrt", x}) {
    recording.rule(y, [y = detail::Saved(y)](detail::Sweep<T>& sweep) {
      sweep.add(0, sweep.dy() * 0.5 / *y);
    });
  }
  return y;
}

template <std::floating_point T>
BasicTensor<T> abs(const BasicTensor<T>& x) {
  const detail::OpScope scope("abs");
  auto y = detail::apply("abs", kernels::abs<T>, x);
  if (detail::Recording recording{"abs", x}) {
    recording.rule(y, [x = detail::Saved(x)](detail::Sweep<T>& sweep) {
      sweep.add(0, where(gt(*x, 0), sweep.dy(), where(lt(*x, 0), -sweep.dy(), 0)));
    });
  }
  return y;
}

template <std::floating_point T>
BasicTensor<T> square(const BasicTensor<T>& x) {
  const detail::OpScope scope("square");
  auto y = detail::apply("square", kernels::square<T>, x);
  if (detail::Recording recording{"square", x}) {
    recording.rule(
        y, [x = detail::Saved(x)](detail::Sweep<T>& sweep) { sweep.add(0, sweep.dy() * *x * 2); });
  }
  return y;
}

template <std::floating_point T>
BasicTensor<T> sin(const BasicTensor<T>& x) {
  const detail::OpScope scope("sin");
  auto y = detail::apply("sin", kernels::sin<T>, x);
  if (detail::Recording recording{"sin", x}) {
    recording.rule(
        y, [x = detail::Saved(x)](detail::Sweep<T>& sweep) { sweep.add(0, sweep.dy() * cos(*x)); });
  }
  return y;
}

template <std::floating_point T>
BasicTensor<T> cos(const BasicTensor<T>& x) {
  const detail::OpScope scope("cos");
  auto y = detail::apply("cos", kernels::cos<T>, x);
  if (detail::Recording recording{"cos", x}) {
    recording.rule(y, [x = detail::Saved(x)](detail::Sweep<T>& sweep) {
      sweep.add(0, -sweep.dy() * sin(*x));
    });
  }
  return y;
}

template <std::floating_point T>
BasicTensor<T> clamp(const BasicTensor<T>& x, std::type_identity_t<T> low,
                     std::type_identity_t<T> high) {
  const detail::OpScope scope("clamp");
  auto y = detail::apply("clamp", kernels::maximum<T>, x, low);
  const auto dims = detail::elementwise_dims<2>(y.shape(), {y.impl(), y.impl()});
  auto capped = dims;
  for (int i = 0; i < dims.rank; ++i) capped.strides[1][i] = 0;
  kernels::minimum(capped, y.data(), &high, y.data());
  if (detail::Recording recording{"clamp", x}) {
    recording.rule(y, [x = detail::Saved(x), y = detail::Saved(y)](detail::Sweep<T>& sweep) {
      sweep.add(0, where(eq(*x, *y), sweep.dy(), 0));
    });
  }
  return y;
}

template <std::floating_point T>
BasicTensor<T> where(const BoolTensor& condition, const BasicTensor<T>& a,
                     const BasicTensor<T>& b) {
  const detail::OpScope scope("where");
  const auto& c = detail::defined("where", condition.impl());
  const auto& p = detail::defined("where", a.impl());
  const auto& q = detail::defined("where", b.impl());
  const Shape values = broadcast_shapes("where", p.shape, q.shape);
  auto y = BasicTensor<T>::empty(broadcast_shapes("where", c.shape, values));
  kernels::where(detail::elementwise_dims<3>(y.shape(), {&c, &p, &q}), condition.data(), a.data(),
                 b.data(), y.data());
  if (detail::Recording recording{"where", a, b}) {
    recording.rule(y, [condition = detail::Saved(condition)](detail::Sweep<T>& sweep) {
      const auto& dy = sweep.dy();
      if (sweep.needs(0)) sweep.add(0, detail::sum_to(where(*condition, dy, 0), sweep.shape(0)));
      if (sweep.needs(1)) sweep.add(1, detail::sum_to(where(*condition, 0, dy), sweep.shape(1)));
    });
  }
  return y;
}

#define TENON_INSTANTIATE(T)                                                              \
  template TENON_API BasicTensor<T> neg(const BasicTensor<T>&);                           \
  template TENON_API BasicTensor<T> exp(const BasicTensor<T>&);                           \
  template TENON_API BasicTensor<T> log(const BasicTensor<T>&);                           \
  template TENON_API BasicTensor<T> sqrt(const BasicTensor<T>&);                          \
  template TENON_API BasicTensor<T> abs(const BasicTensor<T>&);                           \
  template TENON_API BasicTensor<T> square(const BasicTensor<T>&);                        \
  template TENON_API BasicTensor<T> sin(const BasicTensor<T>&);                           \
  template TENON_API BasicTensor<T> cos(const BasicTensor<T>&);                           \
  template TENON_API BasicTensor<T> clamp(const BasicTensor<T>&, std::type_identity_t<T>, \
                                          std::type_identity_t<T>);                       \
  template TENON_API BasicTensor<T> where(const BoolTensor&, const BasicTensor<T>&,       \
                                          const BasicTensor<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
