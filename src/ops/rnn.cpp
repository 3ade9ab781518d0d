#include "tenon/ops/rnn.hpp"

#include "ops/recurrent.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/linear.hpp"
#include "tenon/ops/relu.hpp"
#include "tenon/ops/tanh.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon {
namespace {

template <class T, Nonlinearity f>
void forward(const kernels::RecurrentDims& dims, const kernels::RecurrentForward<T>& operands) {
  kernels::rnn_forward(dims, f, operands);
}
template <class T, Nonlinearity f>
void backward(const kernels::RecurrentDims& dims, const kernels::RecurrentForward<T>& operands,
              const kernels::RecurrentBackward<T>& gradients) {
  kernels::rnn_backward(dims, f, operands, gradients);
}

template <class T, Nonlinearity f>
constexpr detail::RecurrentKernels<T> rnn_kernels = {
    "rnn", "rnn_backward", 1, false, kernels::rnn_saved_size<T>, forward<T, f>, backward<T, f>};

}  // namespace

template <std::floating_point T>
BasicRecurrentResult<T> rnn(const BasicTensor<T>& x, const BasicTensor<std::type_identity_t<T>>& h,
                            RecurrentWeightSpan<T> weights, Nonlinearity f,
                            const LongTensor& lengths, const RecurrentOptions& options) {
  const auto& kernels = f == Nonlinearity::tanh ? rnn_kernels<T, Nonlinearity::tanh>
                                                : rnn_kernels<T, Nonlinearity::relu>;
  auto out = detail::recurrent<T>(kernels, x, {h, {}}, weights, lengths, options);
  return {std::move(out.y), std::move(out.last.h)};
}

template <std::floating_point T>
BasicTensor<T> rnn_cell(const BasicTensor<T>& x, const BasicTensor<std::type_identity_t<T>>& state,
                        const BasicRecurrentWeights<std::type_identity_t<T>>& w, Nonlinearity f) {
  const Index s = detail::check_cell<T>("rnn_cell", 1, x, {state, {}}, w);
  const BasicTensor<T> h = state.defined() ? state : zeros<T>({x.size(0), s});
  const BasicTensor<T> sums = linear(x, w.w_ih, w.b_ih) + linear(h, w.w_hh, w.b_hh);
  return f == Nonlinearity::tanh ? tanh(sums) : relu(sums);
}

#define TENON_INSTANTIATE(T)                                                                   \
  template TENON_API BasicRecurrentResult<T> rnn(const BasicTensor<T>&, const BasicTensor<T>&, \
                                                 RecurrentWeightSpan<T>, Nonlinearity,         \
                                                 const LongTensor&, const RecurrentOptions&);  \
  template TENON_API BasicTensor<T> rnn_cell(const BasicTensor<T>&, const BasicTensor<T>&,     \
                                             const BasicRecurrentWeights<T>&, Nonlinearity);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
