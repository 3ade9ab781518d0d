#include "tenon/ops/relu.hpp"

#include "ops/common.hpp"
#include "tenon/kernels/activation.hpp"

namespace tenon {

template <class T>
BasicTensor<T> detail::relu_backward(const BasicTensor<T>& dy, const BasicTensor<T>& y) {
  const OpScope scope("relu_backward");
  auto dx = apply("relu_backward", kernels::relu_backward<T>, dy, y);
  if (Recording recording{"relu_backward", dy}) {
    recording.rule(
        dx, [y = Saved(y)](Sweep<T>& sweep) { sweep.add(0, relu_backward(sweep.dy(), *y)); });
  }
  return dx;
}

template <std::floating_point T>
BasicTensor<T> relu(const BasicTensor<T>& x) {
  const detail::OpScope scope("relu");
  auto y = detail::apply("relu", kernels::relu<T>, x);
  if (detail::Recording recording{"relu", x}) {
    recording.rule(y, [y = detail::Saved(y)](detail::Sweep<T>& sweep) {
      sweep.add(0, detail::relu_backward(sweep.dy(), *y));
    });
  }
  return y;
}

#define TENON_INSTANTIATE(T)                                                     \
  template TENON_API BasicTensor<T> relu(const BasicTensor<T>&);                 \
  template TENON_API BasicTensor<T> detail::relu_backward(const BasicTensor<T>&, \
                                                          const BasicTensor<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
