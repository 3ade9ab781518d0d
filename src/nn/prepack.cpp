#include "tenon/nn/prepack.hpp"

#include "prepacking.hpp"
#include "tenon/autograd/tape.hpp"
#include "tenon/base/error.hpp"

namespace tenon::detail {
namespace {

constinit thread_local bool is_prepacking = false;

}  // namespace

Prepacking::Prepacking() noexcept : was_on_(is_prepacking) { is_prepacking = true; }
Prepacking::~Prepacking() { is_prepacking = was_on_; }
bool Prepacking::is_on() noexcept { return is_prepacking; }

}  // namespace tenon::detail

namespace tenon::nn {

template <class T>
void prepack(BasicModule<T>& module, const BasicTensor<T>& example) {
  if (module.is_training()) {
    detail::fail<ValueError>("prepack", module.description(),
                             " is in training mode, in which every step changes the weights; "
                             "hint: call eval() first, and prepack after the last training step");
  }
  const NoTape no_tape;
  const detail::Prepacking scope;
  module(example);
}

template void prepack(BasicModule<float>&, const BasicTensor<float>&);
template void prepack(BasicModule<double>&, const BasicTensor<double>&);

}  // namespace tenon::nn
