#include "tenon/ops/linear.hpp"

#include <string>

#include "ops/common.hpp"
#include "tenon/base/error.hpp"
#include "tenon/kernels/gemm.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/ops/relu.hpp"

namespace tenon {
namespace {

std::string described_x(const Shape& x) {
  std::string letters;
  for (int i = 1; i < x.rank(); ++i) letters += x.rank() == 3 && i == 2 ? 'L' : 'N';
  return "x " + to_string(x, (letters + "D").c_str());
}

void check_shapes(const Shape& x, const Shape& w) {
  if (w.rank() != 2) {
    detail::fail<ShapeError>("linear", "w must be a matrix (O, D) but has shape ", w,
                             "; hint: one row of weights for each output");
  }
  if (x.rank() == 0) {
    detail::fail<ShapeError>("linear",
                             "x needs at least one axis, the features, but is a scalar; "
                             "hint: reshape it to (1, 1)");
  }
  if (x.at(-1) != w[1]) {
    detail::fail<ShapeError>("linear", "w expects ", w[1], " features but x has ", x.at(-1), ": ",
                             described_x(x), ", w ", to_string(w, "OD"),
                             "; hint: the last axis of x holds the features; flatten images first");
  }
}

void check_bias(const Shape& w, const Shape& b) {
  if (b.rank() == 1 && b[0] == w[0]) return;
  detail::fail<ShapeError>("linear", "b must have shape (O=", w[0], ") but has ", b, ": w ",
                           to_string(w, "OD"), "; hint: one bias for each output");
}

/// All axes but the last made one.
template <class T>
BasicTensor<T> as_rows(const BasicTensor<T>& x) {
  if (x.rank() == 2) return x;
  Index rows = 1;
  for (int i = 0; i + 1 < x.rank(); ++i) rows *= x.shape()[i];
  return x.reshape({rows, x.size(-1)});
}

/// y = x w^T (+ b), at least 0 where relu is set.
template <class T>
void multiply(const BasicTensor<T>& x, const BasicTensor<T>& w, const BasicTensor<T>& b, bool relu,
              BasicTensor<T>& y) {
  kernels::GemmDims dims;
  dims.k = w.shape()[1];
  dims.n = dims.c_row = w.shape()[0];
  dims.a_col = x.strides().at(-1);
  if (x.rank() == 2) {
    dims.m = x.shape()[0];
    dims.a_row = x.strides()[0];
  } else {
    dims.m = 1;
    for (int i = 0; i + 1 < x.rank(); ++i) dims.m *= x.shape()[i];
    dims.a_row = dims.k;
  }
  dims.b_row = w.strides()[1];
  dims.b_col = w.strides()[0];
  const auto bias = b.defined() ? b.contiguous() : b;
  kernels::gemm<T>(dims, x.data(), w.data(), y.data(), false,
                   {bias.defined() ? bias.data() : nullptr, relu});
}

template <class T>
BasicTensor<T> linear(const BasicTensor<T>& input, const BasicTensor<T>& w, const BasicTensor<T>& b,
                      bool relu) {
  const detail::OpScope scope(relu ? "linear_relu" : "linear");
  Shape shape = detail::defined("linear", input.impl()).shape;
  check_shapes(shape, detail::defined("linear", w.impl()).shape);
  if (b.defined()) check_bias(w.shape(), b.shape());
  // Rows of a matrix may lie anywhere; those of more axes must follow each other.
  const BasicTensor<T> x = shape.rank() == 2 ? input : input.contiguous();
  shape[shape.rank() - 1] = w.shape()[0];
  auto y = BasicTensor<T>::empty(shape);
  multiply(x, w, b, relu, y);
  if (detail::Recording recording{relu ? "linear_relu" : "linear", x, w, b}) {
    recording.rule(y, [x = detail::saved_if(recording.needs(1), x),
                       w = detail::saved_if(recording.needs(0), w),
                       y = detail::saved_if(relu, y)](detail::Sweep<T>& sweep) {
      const auto dy = y->defined() ? detail::relu_backward(sweep.dy(), *y) : sweep.dy();
      if (sweep.needs(0)) sweep.add(0, matmul(dy, *w));
      if (sweep.needs(1)) sweep.add(1, matmul(as_rows(dy).t(), as_rows(*x)));
      if (sweep.needs(2)) sweep.add(2, detail::sum_to(dy, sweep.shape(2)));
    });
  }
  return y;
}

}  // namespace

template <std::floating_point T>
BasicTensor<T> linear(const BasicTensor<T>& x, const BasicTensor<T>& w, const BasicTensor<T>& b) {
  return linear(x, w, b, false);
}

template <std::floating_point T>
BasicTensor<T> linear_relu(const BasicTensor<T>& x, const BasicTensor<T>& w,
                           const BasicTensor<T>& b) {
  return linear(x, w, b, true);
}

#define TENON_INSTANTIATE(T)                                                                  \
  template TENON_API BasicTensor<T> linear(const BasicTensor<T>&, const BasicTensor<T>&,      \
                                           const BasicTensor<T>&);                            \
  template TENON_API BasicTensor<T> linear_relu(const BasicTensor<T>&, const BasicTensor<T>&, \
                                                const BasicTensor<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
