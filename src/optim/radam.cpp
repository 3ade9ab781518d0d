#include "tenon/optim/radam.hpp"

#include <cmath>

#include "checks.hpp"
#include "tenon/kernels/adaptive.hpp"

namespace tenon::optim {
namespace {

const RAdamOptions& checked(const RAdamOptions& options) {
  detail::check_option("RAdam", "beta1", options.beta1, 0, 1);
  detail::check_option("RAdam", "beta2", options.beta2, 0, 1);
  detail::check_option("RAdam", "eps", options.eps);
  detail::check_option("RAdam", "weight_decay", options.weight_decay);
  return options;
}

}  // namespace

template <class T>
BasicRAdam<T>::BasicRAdam(nn::BasicModule<T>& net, const RAdamOptions& options)
    : BasicOptimizer<T>("RAdam", net, checked(options).lr, {"exp_avg", "exp_avg_sq"}),
      options_(options) {}

template <class T>
BasicRAdam<T>::BasicRAdam(const std::vector<nn::BasicParameter<T>*>& parameters,
                          const RAdamOptions& options)
    : BasicOptimizer<T>("RAdam", parameters, checked(options).lr, {"exp_avg", "exp_avg_sq"}),
      options_(options) {}

template <class T>
void BasicRAdam<T>::update(Slot& slot, const BasicTensor<T>& g) {
  const double lr = this->learning_rate(), t = static_cast<double>(slot.steps);
  const double power2 = std::pow(options_.beta2, t), correction2 = 1 - power2;
  const double longest = 2 / (1 - options_.beta2) - 1;
  const double length = longest - 2 * t * power2 / correction2;
  const bool trusted = length > 5;
  const double rate = lr / (1 - std::pow(options_.beta1, t));
  const double rectified = std::sqrt((length - 4) * (length - 2) * longest /
                                     ((longest - 4) * (longest - 2) * length) * correction2);
  const bool decoupled = options_.decoupled_weight_decay;
  const kernels::AdaptiveStep step{.keep = decoupled ? 1 - lr * options_.weight_decay : 1,
                                   .weight_decay = decoupled ? 0 : options_.weight_decay,
                                   .beta1 = options_.beta1,
                                   .beta2 = options_.beta2,
                                   .eps = options_.eps,
                                   .mean_rate = trusted ? rate * rectified : rate,
                                   .divides = trusted};
  kernels::adaptive_step(g.numel(), step, g.data(), slot.buffers[0].data(), slot.buffers[1].data(),
                         slot.parameter.data());
}

template class BasicRAdam<float>;
template class BasicRAdam<double>;

}  // namespace tenon::optim
