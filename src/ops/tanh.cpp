#include "tenon/ops/tanh.hpp"

#include "ops/common.hpp"
#include "tenon/kernels/activation.hpp"
#include "tenon/ops/arithmetic.hpp"

namespace tenon {

template <class T>
BasicTensor<T> detail::tanh_backward(const BasicTensor<T>& dy, const BasicTensor<T>& y) {
  const OpScope scope("tanh_backward");
  auto dx = apply("tanh_backward", kernels::tanh_backward<T>, dy, y);
  if (Recording recording{"tanh_backward", dy, y}) {
    recording.rule(dx, [dy = saved_if(recording.needs(1), dy), y = Saved(y)](Sweep<T>& sweep) {
      if (sweep.needs(0)) sweep.add(0, tanh_backward(sweep.dy(), *y));
      if (sweep.needs(1)) sweep.add(1, sweep.dy() * *dy * *y * -2);
    });
  }
  return dx;
}

template <std::floating_point T>
BasicTensor<T> tanh(const BasicTensor<T>& x) {
  const detail::OpScope scope("tanh");
  auto y = detail::apply("tanh", kernels::tanh<T>, x);
  if (detail::Recording recording{"tanh", x}) {
    recording.rule(y, [y = detail::Saved(y)](detail::Sweep<T>& sweep) {
      sweep.add(0, detail::tanh_backward(sweep.dy(), *y));
    });
  }
  return y;
}

#define TENON_INSTANTIATE(T)                                                     \
  template TENON_API BasicTensor<T> tanh(const BasicTensor<T>&);                 \
  template TENON_API BasicTensor<T> detail::tanh_backward(const BasicTensor<T>&, \
                                                          const BasicTensor<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
