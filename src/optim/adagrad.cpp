#include "tenon/optim/adagrad.hpp"

#include "checks.hpp"
#include "tenon/kernels/adagrad.hpp"

namespace tenon::optim {
namespace {

const AdagradOptions& checked(const AdagradOptions& options) {
  detail::check_option("Adagrad", "lr_decay", options.lr_decay);
  detail::check_option("Adagrad", "weight_decay", options.weight_decay);
  detail::check_option("Adagrad", "initial_accumulator_value", options.initial_accumulator_value);
  detail::check_option("Adagrad", "eps", options.eps);
  return options;
}

}  // namespace

template <class T>
BasicAdagrad<T>::BasicAdagrad(nn::BasicModule<T>& net, const AdagradOptions& options)
    : BasicOptimizer<T>("Adagrad", net, checked(options).lr, {"sum"}), options_(options) {
  this->fill_buffers(0, options.initial_accumulator_value);
}

template <class T>
BasicAdagrad<T>::BasicAdagrad(const std::vector<nn::BasicParameter<T>*>& parameters,
                              const AdagradOptions& options)
    : BasicOptimizer<T>("Adagrad", parameters, checked(options).lr, {"sum"}), options_(options) {
  this->fill_buffers(0, options.initial_accumulator_value);
}

template <class T>
void BasicAdagrad<T>::update(Slot& slot, const BasicTensor<T>& g) {
  const double before = static_cast<double>(slot.steps - 1);
  const kernels::AdagradStep step{.lr = this->learning_rate() / (1 + before * options_.lr_decay),
                                  .weight_decay = options_.weight_decay,
                                  .eps = options_.eps};
  kernels::adagrad_step(g.numel(), step, g.data(), slot.buffers[0].data(), slot.parameter.data());
}

template class BasicAdagrad<float>;
template class BasicAdagrad<double>;

}  // namespace tenon::optim
