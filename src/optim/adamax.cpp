#include "tenon/optim/adamax.hpp"

#include <cmath>

#include "checks.hpp"
#include "tenon/kernels/adaptive.hpp"

namespace tenon::optim {
namespace {

const AdamaxOptions& checked(const AdamaxOptions& options) {
  detail::check_option("Adamax", "beta1", options.beta1, 0, 1);
  detail::check_option("Adamax", "beta2", options.beta2, 0, 1);
  detail::check_option("Adamax", "eps", options.eps);
  detail::check_option("Adamax", "weight_decay", options.weight_decay);
  return options;
}

}  // namespace

template <class T>
BasicAdamax<T>::BasicAdamax(nn::BasicModule<T>& net, const AdamaxOptions& options)
    : BasicOptimizer<T>("Adamax", net, checked(options).lr, {"exp_avg", "exp_inf"}),
      options_(options) {}

template <class T>
BasicAdamax<T>::BasicAdamax(const std::vector<nn::BasicParameter<T>*>& parameters,
                            const AdamaxOptions& options)
    : BasicOptimizer<T>("Adamax", parameters, checked(options).lr, {"exp_avg", "exp_inf"}),
      options_(options) {}

template <class T>
void BasicAdamax<T>::update(Slot& slot, const BasicTensor<T>& g) {
  const double correction = 1 - std::pow(options_.beta1, static_cast<double>(slot.steps));
  const kernels::AdamaxStep step{.lr = this->learning_rate() / correction,
                                 .beta1 = options_.beta1,
                                 .beta2 = options_.beta2,
                                 .eps = options_.eps,
                                 .weight_decay = options_.weight_decay};
  kernels::adamax_step(g.numel(), step, g.data(), slot.buffers[0].data(), slot.buffers[1].data(),
                       slot.parameter.data());
}

template class BasicAdamax<float>;
template class BasicAdamax<double>;

}  // namespace tenon::optim
