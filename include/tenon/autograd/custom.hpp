#pragma once

#include <initializer_list>
#include <utility>

#include "tenon/autograd/record.hpp"

namespace tenon {

namespace detail {
[[noreturn]] TENON_API void fail_custom_inputs(const char* op, std::size_t count);
[[noreturn]] TENON_API void fail_custom_gradients(const char* op, std::size_t expected,
                                                  std::size_t got);
}  // namespace detail

/// Records an operation of your own, with the rule for its gradient:
///
///   Tensor cube(const Tensor& x) {
///     Tensor y = ...;                                         // computed in any way you like
///     return custom_function("cube", {x}, y, [x](const Tensor& dy) {
///       return std::vector<Tensor>{3 * x * x * dy};           // one gradient for each input
///     });
///   }
///
///   op      a static string that errors and profiles name
///   inputs  the tensors that y depends on; others are constants for the tape
///   y       the result, a tensor made for this call
///   rule    dy, of y's shape -> any container with one tensor for each input, of that input's
///           shape, in order; an undefined one stands for zero
/// Returns y. The rule may use any operation; if it uses tracked tensors, second derivatives work.
/// It is called once a sweep. Tensors that it captures must not be changed in place before that.
template <class T, class Rule>
BasicTensor<T> custom_function(const char* op, std::initializer_list<BasicTensor<T>> inputs,
                               BasicTensor<T> y, Rule rule) {
  detail::TensorImpl* impls[16];
  std::size_t count = 0;
  for (const auto& x : inputs) {
    if (count == 16) detail::fail_custom_inputs(op, inputs.size());
    impls[count++] = x.impl();
  }
  if (detail::Recording recording{op, impls, count}) {
    recording.rule(y, [rule = std::move(rule), op, count](detail::Sweep<T>& sweep) {
      auto&& gradients = rule(sweep.dy());
      if (gradients.size() != count) detail::fail_custom_gradients(op, count, gradients.size());
      int i = 0;
      for (const auto& g : gradients) {
        if (g.defined()) sweep.add(i, g);
        ++i;
      }
    });
  }
  return y;
}

}  // namespace tenon
