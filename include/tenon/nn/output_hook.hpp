#pragma once

#include <cstddef>
#include <utility>

#include "tenon/nn/module.hpp"

namespace tenon::nn {

/// Calls f(layer, y) with the output of every module that runs in this thread, until the scope
/// ends:
///
///   nn::OutputHook hook([&](const nn::Module& layer, const Tensor& y) {
///     std::cout << net.path_to(&layer) << " " << layer.description() << " " << y.shape() << "\n";
///   });
///   net(x);
///
/// Inner modules come before those around them. y is what the module returned, on the tape if one
/// records; a module that returns several tensors is passed over. While a hook is open, a
/// Sequential runs each of its layers by itself, which changes no bit. Hooks nest: the inner one is
/// called first. A program without a hook pays for a test of a pointer in each module's call. What
/// torch.nn.modules.module.register_module_forward_hook does.
template <class T, class F>
class BasicOutputHook : private detail::OutputListener<T> {
 public:
  [[nodiscard]] explicit BasicOutputHook(F f)
      : detail::OutputListener<T>(&call_function), f_(std::move(f)) {}
  static void* operator new(std::size_t) = delete;  // a scope, not an object on the heap

 private:
  static void call_function(detail::OutputListener<T>& self, const BasicModule<T>& layer,
                            const BasicTensor<T>& y) {
    static_cast<BasicOutputHook&>(self).f_(layer, y);
  }
  F f_;
};

template <class F>
struct OutputHook : BasicOutputHook<float, F> {
  [[nodiscard]] explicit OutputHook(F f) : BasicOutputHook<float, F>(std::move(f)) {}
};
template <class F>
struct DoubleOutputHook : BasicOutputHook<double, F> {
  [[nodiscard]] explicit DoubleOutputHook(F f) : BasicOutputHook<double, F>(std::move(f)) {}
};

}  // namespace tenon::nn
