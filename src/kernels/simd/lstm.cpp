#include "tenon/kernels/lstm.hpp"

#include "kernels/simd/recurrent.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/lstm.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/recurrent_gates-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

template <class T>
void lstm_gates(const GateForward<T>& g) {
  const Tag<T> d;
  for (Index row = 0; row < g.rows; ++row) {
    for (Index u = 0; u < g.width; u += lanes<T>) {
      const T* const sums = g.sums + row * g.sums_row + u;
      const Index c_at = row * g.c_row + u;
      const auto i = gate_sigmoid(d, hn::LoadU(d, sums));
      const auto f = gate_sigmoid(d, hn::LoadU(d, sums + g.width));
      const auto m = gate_tanh(d, hn::LoadU(d, sums + 2 * g.width));
      const auto o = gate_sigmoid(d, hn::LoadU(d, sums + 3 * g.width));
      const auto c = hn::MulAdd(f, hn::LoadU(d, g.c_before + c_at), hn::Mul(i, m));
      hn::StoreU(c, d, g.c + c_at);
      hn::StoreU(hn::Mul(o, gate_tanh(d, c)), d, g.h + row * g.h_row + u);
      if (g.saved != nullptr) {
        T* const to = g.saved + row * 4 * g.width + u;
        hn::Stream(i, d, to);
        hn::Stream(f, d, to + g.width);
        hn::Stream(m, d, to + 2 * g.width);
        hn::Stream(o, d, to + 3 * g.width);
      }
    }
  }
}

template <class T>
void lstm_gates_backward(const GateBackward<T>& g) {
  const Tag<T> d;
  const auto one = hn::Set(d, T(1));
  for (Index row = 0; row < g.rows; ++row) {
    for (Index u = 0; u < g.width; u += lanes<T>) {
      const T* const gates = g.saved + row * 4 * g.width + u;
      T* const dsums = g.dsums + row * g.sums_row + u;
      const Index state = row * g.state_row + u;
      const auto i = hn::LoadU(d, gates), f = hn::LoadU(d, gates + g.width);
      const auto m = hn::LoadU(d, gates + 2 * g.width), o = hn::LoadU(d, gates + 3 * g.width);
      const auto t = gate_tanh(d, hn::LoadU(d, g.c + state));
      const auto dh = hn::LoadU(d, g.dh + state);
      const auto dt = hn::Mul(dh, o);
      // dc + dt (1 - t^2), and likewise below: fewer roundings than one factor after the other.
      const auto dc = hn::MulAdd(dt, hn::NegMulAdd(t, t, one), hn::LoadU(d, g.dc + state));
      const auto di = hn::Mul(hn::Mul(dc, m), hn::Mul(i, hn::Sub(one, i)));
      const auto df =
          hn::Mul(hn::Mul(dc, hn::LoadU(d, g.c_before + state)), hn::Mul(f, hn::Sub(one, f)));
      const auto dm = hn::Mul(hn::Mul(dc, i), hn::NegMulAdd(m, m, one));
      const auto d_o = hn::Mul(hn::Mul(dh, t), hn::Mul(o, hn::Sub(one, o)));
      hn::StoreU(di, d, dsums);
      hn::StoreU(df, d, dsums + g.width);
      hn::StoreU(dm, d, dsums + 2 * g.width);
      hn::StoreU(d_o, d, dsums + 3 * g.width);
      hn::StoreU(hn::Mul(dc, f), d, g.dc + state);
      if (g.h != nullptr) hn::StoreU(hn::Mul(o, t), d, g.h + state);
    }
  }
}

template <class T>
constexpr CellKernels<T> lstm_cell = {4,     {0, 4, {0, 1, 2, 3}}, {0, 4, {0, 1, 2, 3}},   true,
                                      false, &lstm_gates<T>,       &lstm_gates_backward<T>};

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {
namespace {

template <class T>
const CellKernels<T>& chosen() {
  static const CellKernels<T>& cell = *TENON_CHOOSE(lstm_cell<T>);
  return cell;
}

}  // namespace

template <class T>
Index lstm_saved_size(const RecurrentDims& dims) {
  return recurrent_saved_size(chosen<T>(), dims);
}

template <class T>
void lstm_forward(const RecurrentDims& dims, const RecurrentForward<T>& operands) {
  recurrent_forward(chosen<T>(), dims, operands);
}

template <class T>
void lstm_backward(const RecurrentDims& dims, const RecurrentForward<T>& operands,
                   const RecurrentBackward<T>& gradients) {
  recurrent_backward(chosen<T>(), dims, operands, gradients);
}

#define TENON_INSTANTIATE(T)                                                       \
  template Index lstm_saved_size<T>(const RecurrentDims&);                         \
  template void lstm_forward<T>(const RecurrentDims&, const RecurrentForward<T>&); \
  template void lstm_backward<T>(const RecurrentDims&, const RecurrentForward<T>&, \
                                 const RecurrentBackward<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::kernels
#endif  // HWY_ONCE
