#pragma once

#include "ops/common.hpp"
#include "tenon/autograd/record.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/reduce.hpp"

// What normalisations share: y = w h + b. Their gradients are one kernel. Where an enclosing tape
// asks for them to be differentiated again they are made of operations instead, which gives
// derivatives of every order.

namespace tenon::detail {

template <class T>
const T* data_or_null(const BasicTensor<T>& x) {
  return x.defined() ? x.data() : nullptr;
}
template <class T>
T* data_or_null(BasicTensor<T>& x) {
  return x.defined() ? x.data() : nullptr;
}

template <class T>
BasicTensor<T> contiguous_or_undefined(const BasicTensor<T>& x) {
  return x.defined() ? x.contiguous() : x;
}

/// Whether an enclosing tape tracks one of these: what is computed of them must be recorded.
template <class... T>
bool is_differentiated_again(const char* op, const BasicTensor<T>&... inputs) {
  return static_cast<bool>(Recording(op, inputs...));
}

/// Where a kernel writes the gradients that are needed; the others are undefined.
template <class T>
struct NormGradients {
  BasicTensor<T> dx, dw, db;

  explicit NormGradients(const Sweep<T>& sweep)
      : dx(made(sweep, 0)), dw(made(sweep, 1)), db(made(sweep, 2)) {}
  void add_to(Sweep<T>& sweep) {
    sweep.add(0, std::move(dx));
    sweep.add(1, std::move(dw));
    sweep.add(2, std::move(db));
  }

 private:
  static BasicTensor<T> made(const Sweep<T>& sweep, int input) {
    return sweep.needs(input) ? BasicTensor<T>::empty(sweep.shape(input)) : BasicTensor<T>();
  }
};

template <class T>
struct Normalised {
  BasicTensor<T> h, rstd;
};

/// h = (x - mean x) rstd, rstd = 1 / sqrt(var x + eps), mean and variance over the axes; without
/// center the mean is taken as 0.
template <class T>
Normalised<T> normalised(const BasicTensor<T>& x, const Shape& axes, double eps, bool center) {
  const auto centred = center ? x - mean(x, axes, true) : x;
  const auto rstd = 1 / sqrt(mean(square(centred), axes, true) + eps);
  return {centred * rstd, rstd};
}

/// The gradient of h with respect to x, applied to g.
template <class T>
BasicTensor<T> normalised_backward(const Normalised<T>& n, const BasicTensor<T>& g,
                                   const Shape& axes, bool center) {
  const auto straight = g - n.h * mean(g * n.h, axes, true);
  return n.rstd * (center ? straight - mean(g, axes, true) : straight);
}

/// Adds dw and db; parameter: the shape with which w and b broadcast to x.
template <class T>
void add_parameter_gradients(Sweep<T>& sweep, const BasicTensor<T>& h, const Shape& parameter) {
  const auto& dy = sweep.dy();
  if (sweep.needs(1)) sweep.add(1, sum_to(dy * h, parameter).reshape(sweep.shape(1)));
  if (sweep.needs(2)) sweep.add(2, sum_to(dy, parameter).reshape(sweep.shape(2)));
}

}  // namespace tenon::detail
