#include "tenon/kernels/rnn.hpp"

#include "kernels/simd/recurrent.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/rnn.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/recurrent_gates-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

struct TanhOf {
  template <class D, class V>
  static HWY_INLINE V apply(D d, V x) {
    return gate_tanh(d, x);
  }
  /// dh times the slope where the function is h.
  template <class D, class V>
  static HWY_INLINE V backward(D d, V dh, V h) {
    return hn::Mul(dh, hn::NegMulAdd(h, h, hn::Set(d, 1)));
  }
};
struct ReluOf {
  template <class D, class V>
  static HWY_INLINE V apply(D, V x) {
    return zero_where_not_positive(x, x);
  }
  template <class D, class V>
  static HWY_INLINE V backward(D, V dh, V h) {
    return zero_where_not_positive(h, dh);
  }
};

template <class T, class F>
void rnn_gates(const GateForward<T>& g) {
  const Tag<T> d;
  for (Index row = 0; row < g.rows; ++row) {
    for (Index u = 0; u < g.width; u += lanes<T>) {
      const auto h = F::apply(d, hn::LoadU(d, g.sums + row * g.sums_row + u));
      hn::StoreU(h, d, g.h + row * g.h_row + u);
      if (g.saved != nullptr) hn::Stream(h, d, g.saved + row * g.width + u);
    }
  }
}

template <class T, class F>
void rnn_gates_backward(const GateBackward<T>& g) {
  const Tag<T> d;
  for (Index row = 0; row < g.rows; ++row) {
    for (Index u = 0; u < g.width; u += lanes<T>) {
      const auto h = hn::LoadU(d, g.saved + row * g.width + u);
      const auto dh = hn::LoadU(d, g.dh + row * g.state_row + u);
      hn::StoreU(F::backward(d, dh, h), d, g.dsums + row * g.sums_row + u);
    }
  }
}

template <class T, class F>
constexpr CellKernels<T> rnn_cell = {1,     {0, 1, {0, 0, 0, 0}}, {0, 1, {0, 0, 0, 0}},     false,
                                     false, &rnn_gates<T, F>,     &rnn_gates_backward<T, F>};
template <class T>
constexpr CellKernels<T> tanh_cell = rnn_cell<T, TanhOf>;
template <class T>
constexpr CellKernels<T> relu_cell = rnn_cell<T, ReluOf>;

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {
namespace {

template <class T>
const CellKernels<T>& chosen(Nonlinearity f) {
  static const CellKernels<T>& tanh = *TENON_CHOOSE(tanh_cell<T>);
  static const CellKernels<T>& relu = *TENON_CHOOSE(relu_cell<T>);
  return f == Nonlinearity::tanh ? tanh : relu;
}

}  // namespace

template <class T>
Index rnn_saved_size(const RecurrentDims& dims) {
  return recurrent_saved_size(chosen<T>(Nonlinearity::tanh), dims);
}

template <class T>
void rnn_forward(const RecurrentDims& dims, Nonlinearity f, const RecurrentForward<T>& operands) {
  recurrent_forward(chosen<T>(f), dims, operands);
}

template <class T>
void rnn_backward(const RecurrentDims& dims, Nonlinearity f, const RecurrentForward<T>& operands,
                  const RecurrentBackward<T>& gradients) {
  recurrent_backward(chosen<T>(f), dims, operands, gradients);
}

#define TENON_INSTANTIATE(T)                                                                    \
  template Index rnn_saved_size<T>(const RecurrentDims&);                                       \
  template void rnn_forward<T>(const RecurrentDims&, Nonlinearity, const RecurrentForward<T>&); \
  template void rnn_backward<T>(const RecurrentDims&, Nonlinearity, const RecurrentForward<T>&, \
                                const RecurrentBackward<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::kernels
#endif  // HWY_ONCE
