#include "tenon/optim/sgd.hpp"

#include "checks.hpp"
#include "tenon/kernels/sgd.hpp"

namespace tenon::optim {
namespace {

const SGDOptions& checked(const SGDOptions& options) {
  detail::check_option("SGD", "momentum", options.momentum);
  detail::check_option("SGD", "weight_decay", options.weight_decay);
  detail::check_option("SGD", "dampening", options.dampening);
  if (options.nesterov && (options.momentum <= 0 || options.dampening != 0)) {
    detail::fail<ValueError>(
        "SGD", "nesterov needs momentum > 0 and dampening = 0, not momentum = ", options.momentum,
        " and dampening = ", options.dampening, "; hint: {.momentum = 0.9, .nesterov = true}");
  }
  return options;
}

std::initializer_list<const char*> buffers(const SGDOptions& options) {
  static constexpr std::initializer_list<const char*> one = {"momentum_buffer"};
  return options.momentum != 0 ? one : std::initializer_list<const char*>();
}

}  // namespace

template <class T>
BasicSGD<T>::BasicSGD(nn::BasicModule<T>& net, const SGDOptions& options)
    : BasicOptimizer<T>("SGD", net, checked(options).lr, buffers(options)), options_(options) {}

template <class T>
BasicSGD<T>::BasicSGD(const std::vector<nn::BasicParameter<T>*>& parameters,
                      const SGDOptions& options)
    : BasicOptimizer<T>("SGD", parameters, checked(options).lr, buffers(options)),
      options_(options) {}

template <class T>
void BasicSGD<T>::update(Slot& slot, const BasicTensor<T>& g) {
  const kernels::SgdStep step{.lr = this->learning_rate(),
                              .momentum = options_.momentum,
                              .dampening = options_.dampening,
                              .weight_decay = options_.weight_decay,
                              .nesterov = options_.nesterov,
                              .first = slot.steps == 1};
  T* buffer = options_.momentum != 0 ? slot.buffers[0].data() : nullptr;
  kernels::sgd_step(g.numel(), step, g.data(), buffer, slot.parameter.data());
}

template class BasicSGD<float>;
template class BasicSGD<double>;

}  // namespace tenon::optim
