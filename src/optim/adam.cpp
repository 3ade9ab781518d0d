#include "tenon/optim/adam.hpp"

#include <cmath>

#include "checks.hpp"
#include "tenon/kernels/adam.hpp"

namespace tenon::optim {
namespace {

const AdamOptions& checked(const char* op, const AdamOptions& options) {
  detail::check_option(op, "beta1", options.beta1, 0, 1);
  detail::check_option(op, "beta2", options.beta2, 0, 1);
  detail::check_option(op, "eps", options.eps);
  detail::check_option(op, "weight_decay", options.weight_decay);
  return options;
}

AdamOptions as_adam(const AdamWOptions& o) {
  return {o.lr, o.beta1, o.beta2, o.eps, o.weight_decay};
}

}  // namespace

template <class T>
template <class Parameters>
BasicAdam<T>::BasicAdam(const char* op, Parameters& parameters, const AdamOptions& options,
                        bool decoupled)
    : BasicOptimizer<T>(op, parameters, checked(op, options).lr, {"exp_avg", "exp_avg_sq"}),
      options_(options),
      decoupled_(decoupled) {}

template <class T>
BasicAdam<T>::BasicAdam(nn::BasicModule<T>& net, const AdamOptions& options)
    : BasicAdam("Adam", net, options, false) {}

template <class T>
BasicAdam<T>::BasicAdam(const std::vector<nn::BasicParameter<T>*>& parameters,
                        const AdamOptions& options)
    : BasicAdam("Adam", parameters, options, false) {}

template <class T>
void BasicAdam<T>::update(Slot& slot, const BasicTensor<T>& g) {
  const auto t = static_cast<double>(slot.steps);
  const kernels::AdamStep step{.lr = this->learning_rate(),
                               .beta1 = options_.beta1,
                               .beta2 = options_.beta2,
                               .eps = options_.eps,
                               .weight_decay = options_.weight_decay,
                               .decoupled = decoupled_,
                               .bias_correction1 = 1 - std::pow(options_.beta1, t),
                               .bias_correction2 = 1 - std::pow(options_.beta2, t)};
  kernels::adam_step(g.numel(), step, g.data(), slot.buffers[0].data(), slot.buffers[1].data(),
                     slot.parameter.data());
}

template <class T>
BasicAdamW<T>::BasicAdamW(nn::BasicModule<T>& net, const AdamWOptions& options)
    : BasicAdam<T>("AdamW", net, as_adam(options), true) {}

template <class T>
BasicAdamW<T>::BasicAdamW(const std::vector<nn::BasicParameter<T>*>& parameters,
                          const AdamWOptions& options)
    : BasicAdam<T>("AdamW", parameters, as_adam(options), true) {}

template class BasicAdam<float>;
template class BasicAdam<double>;
template class BasicAdamW<float>;
template class BasicAdamW<double>;

}  // namespace tenon::optim
