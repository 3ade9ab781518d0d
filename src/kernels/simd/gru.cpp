#include "tenon/kernels/gru.hpp"

#include "kernels/simd/recurrent.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/gru.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/recurrent_gates-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

template <class T>
void gru_gates(const GateForward<T>& g) {
  const Tag<T> d;
  for (Index row = 0; row < g.rows; ++row) {
    for (Index u = 0; u < g.width; u += lanes<T>) {
      const T* const sums = g.sums + row * g.sums_row + u;
      const auto r = gate_sigmoid(d, hn::LoadU(d, sums + g.width));
      const auto z = gate_sigmoid(d, hn::LoadU(d, sums + 2 * g.width));
      const auto q = hn::LoadU(d, sums + 3 * g.width);
      const auto n = gate_tanh(d, hn::MulAdd(r, q, hn::LoadU(d, sums)));
      const auto h_before = hn::LoadU(d, g.h_before + row * g.h_before_row + u);
      // (1 - z) n + z h
      const auto h = hn::MulAdd(z, hn::Sub(h_before, n), n);
      hn::StoreU(h, d, g.h + row * g.h_row + u);
      if (g.saved != nullptr) {
        T* const to = g.saved + row * 4 * g.width + u;
        hn::Stream(n, d, to);
        hn::Stream(r, d, to + g.width);
        hn::Stream(z, d, to + 2 * g.width);
        hn::Stream(q, d, to + 3 * g.width);
      }
    }
  }
}

template <class T>
void gru_gates_backward(const GateBackward<T>& g) {
  const Tag<T> d;
  const auto one = hn::Set(d, T(1));
  for (Index row = 0; row < g.rows; ++row) {
    for (Index u = 0; u < g.width; u += lanes<T>) {
      const T* const gates = g.saved + row * 4 * g.width + u;
      T* const dsums = g.dsums + row * g.sums_row + u;
      T* const dh_at = g.dh + row * g.state_row + u;
      const auto n = hn::LoadU(d, gates), r = hn::LoadU(d, gates + g.width);
      const auto z = hn::LoadU(d, gates + 2 * g.width), q = hn::LoadU(d, gates + 3 * g.width);
      const auto h_before = hn::LoadU(d, g.h_before + row * g.h_before_row + u);
      const auto dh = hn::LoadU(d, dh_at), not_z = hn::Sub(one, z);
      const auto dn = hn::Mul(hn::Mul(dh, not_z), hn::NegMulAdd(n, n, one));
      const auto dr = hn::Mul(hn::Mul(dn, q), hn::Mul(r, hn::Sub(one, r)));
      const auto dz = hn::Mul(hn::Mul(dh, hn::Sub(h_before, n)), hn::Mul(z, not_z));
      hn::StoreU(dn, d, dsums);
      hn::StoreU(dr, d, dsums + g.width);
      hn::StoreU(dz, d, dsums + 2 * g.width);
      hn::StoreU(hn::Mul(dn, r), d, dsums + 3 * g.width);
      hn::StoreU(hn::Mul(dh, z), d, dh_at);
    }
  }
}

/// Stored as n, r, z, q: x contributes to the first three, h to the last three.
template <class T>
constexpr CellKernels<T> gru_cell = {4,    {0, 3, {2, 0, 1, 0}}, {1, 3, {0, 1, 2, 0}},  false,
                                     true, &gru_gates<T>,        &gru_gates_backward<T>};

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {
namespace {

template <class T>
const CellKernels<T>& chosen() {
  static const CellKernels<T>& cell = *TENON_CHOOSE(gru_cell<T>);
  return cell;
}

}  // namespace

template <class T>
Index gru_saved_size(const RecurrentDims& dims) {
  return recurrent_saved_size(chosen<T>(), dims);
}

template <class T>
void gru_forward(const RecurrentDims& dims, const RecurrentForward<T>& operands) {
  recurrent_forward(chosen<T>(), dims, operands);
}

template <class T>
void gru_backward(const RecurrentDims& dims, const RecurrentForward<T>& operands,
                  const RecurrentBackward<T>& gradients) {
  recurrent_backward(chosen<T>(), dims, operands, gradients);
}

#define TENON_INSTANTIATE(T)                                                      \
  template Index gru_saved_size<T>(const RecurrentDims&);                         \
  template void gru_forward<T>(const RecurrentDims&, const RecurrentForward<T>&); \
  template void gru_backward<T>(const RecurrentDims&, const RecurrentForward<T>&, \
                                const RecurrentBackward<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::kernels
#endif  // HWY_ONCE
