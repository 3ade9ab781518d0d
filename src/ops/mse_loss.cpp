#include "tenon/ops/mse_loss.hpp"

#include "ops/loss.hpp"
#include "tenon/ops/elementwise.hpp"

namespace tenon {

template <std::floating_point T>
BasicTensor<T> mse_loss(const BasicTensor<T>& x, const BasicTensor<T>& target,
                        Reduction reduction) {
  const detail::OpScope scope("mse_loss");
  detail::check_same_shape("mse_loss", "x", x.impl(), "target", target.impl());
  return detail::reduce_losses(square(x - target), reduction, x.numel());
}

#define TENON_INSTANTIATE(T)                                                               \
  template TENON_API BasicTensor<T> mse_loss(const BasicTensor<T>&, const BasicTensor<T>&, \
                                             Reduction);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
