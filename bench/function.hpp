#pragma once

#include "case.hpp"
#include "tenon/autograd/tape.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::bench {

/// NAME/forward/SIZES and NAME/train/SIZES: y = f(x) of random x, and that with the gradient of x.
/// y_size: the number of elements of y. Backward is counted as one that reads x and dy.
template <class F>
bool add_function(const std::string& name, const Shape& shape, Index y_size, const F& f) {
  const std::string sizes = joined(shape);
  const double x_bytes = 4.0 * static_cast<double>(shape.numel());
  const double y_bytes = 4.0 * static_cast<double>(y_size);
  cases().push_back({name + "/forward/" + sizes, 0, x_bytes + y_bytes,
                     [=] { return [f, x = randn(shape)] { keep(f(x)); }; }});
  cases().push_back({name + "/train/" + sizes, 0, 3 * x_bytes + 2 * y_bytes, [=] {
                       return [f, x = randn(shape), dy = randn(f(randn(shape)).shape())] {
                         Tape tape;
                         keep(tape.gradients(f(tape.watch(x)), dy));
                       };
                     }});
  return true;
}

}  // namespace tenon::bench
