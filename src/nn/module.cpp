#include "tenon/nn/module.hpp"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <typeinfo>

#include "base/profile.hpp"
#include "copy_plan.hpp"
#include "layer_trace.hpp"
#include "module_path.hpp"
#include "tenon/autograd/record.hpp"
#include "tenon/base/error.hpp"

namespace tenon::nn {
namespace {

/// Where in a model an error that is on its way out has been seen last.
struct FailingLayer {
  const Error* error;
  const void* module;
};
constinit thread_local FailingLayer failing{nullptr, nullptr};

/// "tenon::nn::BasicLinear<float>" -> "Linear"
std::string short_type_name(const char* mangled) {
  int status = 0;
  char* text = abi::__cxa_demangle(mangled, nullptr, nullptr, &status);
  std::string name = text != nullptr ? text : mangled;
  std::free(text);
  const bool is_own = name.compare(0, 16, "tenon::nn::Basic") == 0;
  if (is_own) name.erase(0, 16);
  name.erase(std::min(name.find('<'), name.size()));
  const std::size_t scope = name.rfind("::");
  return scope == std::string::npos ? name : name.substr(scope + 2);
}

template <class T>
class SetTraining : public BasicVisitor<T> {
 public:
  explicit SetTraining(bool on) : on_(on) {}

 private:
  void on_module(std::string_view, BasicModule<T>& module) override { module.train(on_); }
  bool on_;
};

}  // namespace

template <class T>
BasicModule<T>::BasicModule(const BasicModule& other) : training_(other.training_) {
  detail::plan_copy(other);
}

template <class T>
BasicTensor<T> BasicModule<T>::forward(const BasicTensor<T>&) {
  detail::fail<ValueError>(name(),
                           "this module has no forward() that takes a tensor of numbers; "
                           "hint: override forward(const Tensor&), or call it with what it takes: "
                           "ids, or several inputs");
}

template <class T>
BasicTensor<T> BasicModule<T>::forward_relu(const BasicTensor<T>&) {
  return {};
}

template <class T>
BasicTensor<T> BasicModule<T>::forward_ids(const LongTensor&) {
  detail::fail<ValueError>(name(),
                           "this module has no forward_ids() and takes no int64 ids; hint: "
                           "put an embedding in front of it, or convert with ids.to<float>()");
}
template <class T>
BasicTensor<T> BasicModule<T>::forward_sequences(const LongTensor&, const LongTensor&) {
  detail::fail<ValueError>(name(),
                           "this module has no forward_sequences() and takes no lengths; hint: "
                           "override Tensor forward_sequences(const LongTensor& ids, const "
                           "LongTensor& lengths)");
}

template <class T>
std::string BasicModule<T>::name() const {
  return short_type_name(typeid(*this).name());
}

template <class T>
std::string BasicModule<T>::description() const {
  return name() + "()";
}

template <class T>
std::string BasicModule<T>::path_to(const void* module) const {
  // visit() hands out members for writing, but nothing is written here.
  return detail::path_of(const_cast<BasicModule&>(*this), module);
}

template <class T>
void BasicModule<T>::run(const detail::TensorImpl* (*f)(void*), void* context) {
  const detail::LayerScope scope(this);
  failing.error = nullptr;  // a later error may lie at the address of an earlier one
  try {
    const detail::TensorImpl* const y = f(context);
    if (detail::is_profiled() && y != nullptr) [[unlikely]]
      detail::profile_output(y->shape);
  } catch (Error& error) {
    // Names are looked up only now, so that a forward pass without an error pays nothing for them.
    if (failing.error == &error) {
      const std::string path = path_to(failing.module);
      error.enter_layer(path, "");
      detail::LayerTrace::leave(error, failing.module, this, path);
    } else {
      error.enter_layer("", description());
      detail::LayerTrace::begin(this, expected_input());
    }
    failing = {&error, this};
    throw;
  }
}

template <class T>
BasicTensor<T> BasicModule<T>::operator()(const BasicTensor<T>& x) {
  return call([&] { return forward(x); });
}

template <class T>
BasicTensor<T> BasicModule<T>::operator()(const LongTensor& ids) {
  return call([&] { return forward_ids(ids); });
}
template <class T>
BasicTensor<T> BasicModule<T>::operator()(const LongTensor& ids, const LongTensor& lengths) {
  return call([&] { return forward_sequences(ids, lengths); });
}

template <class T>
BasicTensor<T> BasicModule<T>::with_relu(const BasicTensor<T>& x) {
  return call([&] { return forward_relu(x); });
}

template <class T>
void BasicModule<T>::train(bool on) {
  training_ = on;
  on_mode();
  SetTraining<T> visitor(on);
  visit(visitor);
}

template class BasicModule<float>;
template class BasicModule<double>;

}  // namespace tenon::nn
