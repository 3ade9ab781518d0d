#include "tenon/optim/nadam.hpp"

#include <cmath>

#include "checks.hpp"
#include "tenon/kernels/adaptive.hpp"

namespace tenon::optim {
namespace {

const NAdamOptions& checked(const NAdamOptions& options) {
  detail::check_option("NAdam", "beta1", options.beta1, 0, 1);
  detail::check_option("NAdam", "beta2", options.beta2, 0, 1);
  detail::check_option("NAdam", "eps", options.eps);
  detail::check_option("NAdam", "weight_decay", options.weight_decay);
  detail::check_option("NAdam", "momentum_decay", options.momentum_decay);
  return options;
}

/// mu_t
double momentum(Index t, const NAdamOptions& options) {
  const double decay = static_cast<double>(t) * options.momentum_decay;
  return options.beta1 * (1 - 0.5 * std::pow(0.96, decay));
}

/// mu_1 ... mu_(t-1), or less than 1e-40 where it is: it is taken from 1.
double product_before(Index t, const NAdamOptions& options) {
  double product = 1;
  for (Index i = 1; i < t && product > 1e-40; ++i) product *= momentum(i, options);
  return product;
}

}  // namespace

template <class T>
BasicNAdam<T>::BasicNAdam(nn::BasicModule<T>& net, const NAdamOptions& options)
    : BasicOptimizer<T>("NAdam", net, checked(options).lr, {"exp_avg", "exp_avg_sq"}),
      options_(options) {}

template <class T>
BasicNAdam<T>::BasicNAdam(const std::vector<nn::BasicParameter<T>*>& parameters,
                          const NAdamOptions& options)
    : BasicOptimizer<T>("NAdam", parameters, checked(options).lr, {"exp_avg", "exp_avg_sq"}),
      options_(options) {}

template <class T>
void BasicNAdam<T>::update(Slot& slot, const BasicTensor<T>& g) {
  const double lr = this->learning_rate(), t = static_cast<double>(slot.steps);
  if (product_steps_ != slot.steps) {
    // All parameters go in step as a rule; where they do not, the product starts again.
    if (product_steps_ + 1 != slot.steps) product_ = product_before(slot.steps, options_);
    product_ *= momentum(slot.steps, options_);
    product_steps_ = slot.steps;
  }
  const double mu = momentum(slot.steps, options_), next = momentum(slot.steps + 1, options_);
  const bool decoupled = options_.decoupled_weight_decay;
  const kernels::AdaptiveStep step{.keep = decoupled ? 1 - lr * options_.weight_decay : 1,
                                   .weight_decay = decoupled ? 0 : options_.weight_decay,
                                   .beta1 = options_.beta1,
                                   .beta2 = options_.beta2,
                                   .eps = options_.eps,
                                   .root = std::sqrt(1 - std::pow(options_.beta2, t)),
                                   .gradient_rate = lr * (1 - mu) / (1 - product_),
                                   .mean_rate = lr * next / (1 - product_ * next)};
  kernels::adaptive_step(g.numel(), step, g.data(), slot.buffers[0].data(), slot.buffers[1].data(),
                         slot.parameter.data());
}

template class BasicNAdam<float>;
template class BasicNAdam<double>;

}  // namespace tenon::optim
