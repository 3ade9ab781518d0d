#include "tenon/ops/sigmoid.hpp"

#include "ops/common.hpp"
#include "tenon/kernels/activation.hpp"
#include "tenon/ops/arithmetic.hpp"

namespace tenon {

template <class T>
BasicTensor<T> detail::sigmoid_backward(const BasicTensor<T>& dy, const BasicTensor<T>& y) {
  const OpScope scope("sigmoid_backward");
  auto dx = apply("sigmoid_backward", kernels::sigmoid_backward<T>, dy, y);
  if (Recording recording{"sigmoid_backward", dy, y}) {
    recording.rule(dx, [dy = saved_if(recording.needs(1), dy), y = Saved(y)](Sweep<T>& sweep) {
      if (sweep.needs(0)) sweep.add(0, sigmoid_backward(sweep.dy(), *y));
      if (sweep.needs(1)) sweep.add(1, sweep.dy() * *dy * (1 - 2 * *y));
    });
  }
  return dx;
}

template <std::floating_point T>
BasicTensor<T> sigmoid(const BasicTensor<T>& x) {
  const detail::OpScope scope("sigmoid");
  auto y = detail::apply("sigmoid", kernels::sigmoid<T>, x);
  if (detail::Recording recording{"sigmoid", x}) {
    recording.rule(y, [y = detail::Saved(y)](detail::Sweep<T>& sweep) {
      sweep.add(0, detail::sigmoid_backward(sweep.dy(), *y));
    });
  }
  return y;
}

#define TENON_INSTANTIATE(T)                                                        \
  template TENON_API BasicTensor<T> sigmoid(const BasicTensor<T>&);                 \
  template TENON_API BasicTensor<T> detail::sigmoid_backward(const BasicTensor<T>&, \
                                                             const BasicTensor<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
