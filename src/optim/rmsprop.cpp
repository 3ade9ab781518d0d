#include "tenon/optim/rmsprop.hpp"

#include "checks.hpp"
#include "tenon/kernels/rmsprop.hpp"

namespace tenon::optim {
namespace {

const RMSpropOptions& checked(const RMSpropOptions& options) {
  detail::check_option("RMSprop", "alpha", options.alpha, 0, 1);
  detail::check_option("RMSprop", "eps", options.eps);
  detail::check_option("RMSprop", "weight_decay", options.weight_decay);
  detail::check_option("RMSprop", "momentum", options.momentum);
  return options;
}

/// In PyTorch's order; what an option does not use is not kept.
std::initializer_list<const char*> buffers(const RMSpropOptions& options) {
  using Names = std::initializer_list<const char*>;
  static constexpr Names all = {"square_avg", "momentum_buffer", "grad_avg"};
  static constexpr Names with_momentum = {"square_avg", "momentum_buffer"};
  static constexpr Names centered = {"square_avg", "grad_avg"};
  static constexpr Names plain = {"square_avg"};
  if (options.momentum > 0) return options.centered ? all : with_momentum;
  return options.centered ? centered : plain;
}

}  // namespace

template <class T>
BasicRMSprop<T>::BasicRMSprop(nn::BasicModule<T>& net, const RMSpropOptions& options)
    : BasicOptimizer<T>("RMSprop", net, checked(options).lr, buffers(options)), options_(options) {}

template <class T>
BasicRMSprop<T>::BasicRMSprop(const std::vector<nn::BasicParameter<T>*>& parameters,
                              const RMSpropOptions& options)
    : BasicOptimizer<T>("RMSprop", parameters, checked(options).lr, buffers(options)),
      options_(options) {}

template <class T>
void BasicRMSprop<T>::update(Slot& slot, const BasicTensor<T>& g) {
  const kernels::RMSpropStep step{.lr = this->learning_rate(),
                                  .alpha = options_.alpha,
                                  .eps = options_.eps,
                                  .weight_decay = options_.weight_decay,
                                  .momentum = options_.momentum};
  const bool momentum = options_.momentum > 0;
  T* b = momentum ? slot.buffers[1].data() : nullptr;
  T* m = options_.centered ? slot.buffers[momentum ? 2 : 1].data() : nullptr;
  kernels::rmsprop_step(g.numel(), step, g.data(), slot.buffers[0].data(), m, b,
                        slot.parameter.data());
}

template class BasicRMSprop<float>;
template class BasicRMSprop<double>;

}  // namespace tenon::optim
