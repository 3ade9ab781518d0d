#include "tenon/ops/silu.hpp"

#include "ops/common.hpp"
#include "tenon/kernels/activation.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/sigmoid.hpp"

namespace tenon {
namespace {

/// silu'' = s (1 - s) (2 + x (1 - 2 s)) with s = sigmoid(x)
template <class T>
BasicTensor<T> silu_second_derivative(const BasicTensor<T>& x) {
  const BasicTensor<T> s = sigmoid(x);
  return s * (1 - s) * (x * (1 - s * 2) + 2);
}

}  // namespace

template <class T>
BasicTensor<T> detail::silu_backward(const BasicTensor<T>& dy, const BasicTensor<T>& x) {
  const OpScope scope("silu_backward");
  auto dx = apply("silu_backward", kernels::silu_backward<T>, dy, x);
  if (Recording recording{"silu_backward", dy, x}) {
    recording.rule(dx, [dy = saved_if(recording.needs(1), dy), x = Saved(x)](Sweep<T>& sweep) {
      if (sweep.needs(0)) sweep.add(0, silu_backward(sweep.dy(), *x));
      if (sweep.needs(1)) sweep.add(1, sweep.dy() * *dy * silu_second_derivative(*x));
    });
  }
  return dx;
}

template <std::floating_point T>
BasicTensor<T> silu(const BasicTensor<T>& x) {
  const detail::OpScope scope("silu");
  auto y = detail::apply("silu", kernels::silu<T>, x);
  if (detail::Recording recording{"silu", x}) {
    recording.rule(y, [x = detail::Saved(x)](detail::Sweep<T>& sweep) {
      sweep.add(0, detail::silu_backward(sweep.dy(), *x));
    });
  }
  return y;
}

#define TENON_INSTANTIATE(T)                                                     \
  template TENON_API BasicTensor<T> silu(const BasicTensor<T>&);                 \
  template TENON_API BasicTensor<T> detail::silu_backward(const BasicTensor<T>&, \
                                                          const BasicTensor<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
