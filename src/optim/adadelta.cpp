#include "tenon/optim/adadelta.hpp"

#include "checks.hpp"
#include "tenon/kernels/adaptive.hpp"

namespace tenon::optim {
namespace {

const AdadeltaOptions& checked(const AdadeltaOptions& options) {
  detail::check_option("Adadelta", "rho", options.rho, 0, 1);
  detail::check_option("Adadelta", "eps", options.eps);
  detail::check_option("Adadelta", "weight_decay", options.weight_decay);
  return options;
}

}  // namespace

template <class T>
BasicAdadelta<T>::BasicAdadelta(nn::BasicModule<T>& net, const AdadeltaOptions& options)
    : BasicOptimizer<T>("Adadelta", net, checked(options).lr, {"square_avg", "acc_delta"}),
      options_(options) {}

template <class T>
BasicAdadelta<T>::BasicAdadelta(const std::vector<nn::BasicParameter<T>*>& parameters,
                                const AdadeltaOptions& options)
    : BasicOptimizer<T>("Adadelta", parameters, checked(options).lr, {"square_avg", "acc_delta"}),
      options_(options) {}

template <class T>
void BasicAdadelta<T>::update(Slot& slot, const BasicTensor<T>& g) {
  const kernels::AdadeltaStep step{.lr = this->learning_rate(),
                                   .rho = options_.rho,
                                   .eps = options_.eps,
                                   .weight_decay = options_.weight_decay};
  kernels::adadelta_step(g.numel(), step, g.data(), slot.buffers[0].data(), slot.buffers[1].data(),
                         slot.parameter.data());
}

template class BasicAdadelta<float>;
template class BasicAdadelta<double>;

}  // namespace tenon::optim
