#include "tenon/ops/lstm.hpp"

#include "ops/recurrent.hpp"
#include "tenon/kernels/lstm.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/linear.hpp"
#include "tenon/ops/sigmoid.hpp"
#include "tenon/ops/tanh.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon {
namespace {

template <class T>
constexpr detail::RecurrentKernels<T> lstm_kernels = {"lstm",
                                                      "lstm_backward",
                                                      4,
                                                      true,
                                                      kernels::lstm_saved_size<T>,
                                                      kernels::lstm_forward<T>,
                                                      kernels::lstm_backward<T>};

}  // namespace

template <std::floating_point T>
BasicLSTMResult<T> lstm(const BasicTensor<T>& x,
                        const BasicLSTMState<std::type_identity_t<T>>& state,
                        RecurrentWeightSpan<T> weights, const LongTensor& lengths,
                        const RecurrentOptions& options) {
  auto out =
      detail::recurrent<T>(lstm_kernels<T>, x, {state.h, state.c}, weights, lengths, options);
  return {std::move(out.y), {std::move(out.last.h), std::move(out.last.c)}};
}

template <std::floating_point T>
BasicLSTMState<T> lstm_cell(const BasicTensor<T>& x,
                            const BasicLSTMState<std::type_identity_t<T>>& state,
                            const BasicRecurrentWeights<std::type_identity_t<T>>& w) {
  const Index s = detail::check_cell<T>("lstm_cell", 4, x, {state.h, state.c}, w);
  const BasicTensor<T> h = state.h.defined() ? state.h : zeros<T>({x.size(0), w.w_hh.size(1)});
  const BasicTensor<T> c = state.c.defined() ? state.c : zeros<T>({x.size(0), s});
  const BasicTensor<T> sums = linear(x, w.w_ih, w.b_ih) + linear(h, w.w_hh, w.b_hh);
  const auto gate = [&](Index i) { return sums.narrow(1, i * s, s); };
  const BasicTensor<T> next_c = sigmoid(gate(1)) * c + sigmoid(gate(0)) * tanh(gate(2));
  const BasicTensor<T> next_h = sigmoid(gate(3)) * tanh(next_c);
  return {w.w_hr.defined() ? linear(next_h, w.w_hr) : next_h, next_c};
}

#define TENON_INSTANTIATE(T)                                                                      \
  template TENON_API BasicLSTMResult<T> lstm(const BasicTensor<T>&, const BasicLSTMState<T>&,     \
                                             RecurrentWeightSpan<T>, const LongTensor&,           \
                                             const RecurrentOptions&);                            \
  template TENON_API BasicLSTMState<T> lstm_cell(const BasicTensor<T>&, const BasicLSTMState<T>&, \
                                                 const BasicRecurrentWeights<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
