#include "tenon/ops/gru.hpp"

#include "ops/recurrent.hpp"
#include "tenon/kernels/gru.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/linear.hpp"
#include "tenon/ops/sigmoid.hpp"
#include "tenon/ops/tanh.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon {
namespace {

template <class T>
constexpr detail::RecurrentKernels<T> gru_kernels = {"gru",
                                                     "gru_backward",
                                                     3,
                                                     false,
                                                     kernels::gru_saved_size<T>,
                                                     kernels::gru_forward<T>,
                                                     kernels::gru_backward<T>};

}  // namespace

template <std::floating_point T>
BasicRecurrentResult<T> gru(const BasicTensor<T>& x, const BasicTensor<std::type_identity_t<T>>& h,
                            RecurrentWeightSpan<T> weights, const LongTensor& lengths,
                            const RecurrentOptions& options) {
  auto out = detail::recurrent<T>(gru_kernels<T>, x, {h, {}}, weights, lengths, options);
  return {std::move(out.y), std::move(out.last.h)};
}

template <std::floating_point T>
BasicTensor<T> gru_cell(const BasicTensor<T>& x, const BasicTensor<std::type_identity_t<T>>& state,
                        const BasicRecurrentWeights<std::type_identity_t<T>>& w) {
  const Index s = detail::check_cell<T>("gru_cell", 3, x, {state, {}}, w);
  const BasicTensor<T> h = state.defined() ? state : zeros<T>({x.size(0), s});
  const BasicTensor<T> a = linear(x, w.w_ih, w.b_ih), b = linear(h, w.w_hh, w.b_hh);
  const auto gate = [s](const BasicTensor<T>& sums, Index i) { return sums.narrow(1, i * s, s); };
  const BasicTensor<T> r = sigmoid(gate(a, 0) + gate(b, 0));
  const BasicTensor<T> z = sigmoid(gate(a, 1) + gate(b, 1));
  const BasicTensor<T> n = tanh(gate(a, 2) + r * gate(b, 2));
  return n + z * (h - n);
}

#define TENON_INSTANTIATE(T)                                                                   \
  template TENON_API BasicRecurrentResult<T> gru(const BasicTensor<T>&, const BasicTensor<T>&, \
                                                 RecurrentWeightSpan<T>, const LongTensor&,    \
                                                 const RecurrentOptions&);                     \
  template TENON_API BasicTensor<T> gru_cell(const BasicTensor<T>&, const BasicTensor<T>&,     \
                                             const BasicRecurrentWeights<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
