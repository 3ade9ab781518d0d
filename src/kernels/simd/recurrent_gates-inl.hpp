// tanh and sigmoid as gates need them, for one instruction set: less than two thirds of the
// instructions of math-inl.hpp. tanh is off by at most 2.5 units in the last place, sigmoid by 2.2,
// and where it is less than 1e-7 by 5.4. Those of double are the same.
#if defined(TENON_SIMD_RECURRENT_GATES_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef TENON_SIMD_RECURRENT_GATES_INL_HPP
#undef TENON_SIMD_RECURRENT_GATES_INL_HPP
#else
#define TENON_SIMD_RECURRENT_GATES_INL_HPP
#endif

#include "kernels/simd/math-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

/// 2^n (1 + p) - 1 and the parts of it: e^x - 1 for |x| < 88.
struct GateExp {
  Vector<float> p;      ///< e^r - 1, r = x - n ln 2, |r| <= ln(2) / 2; off by 1e-8 (minimax)
  Vector<float> scale;  ///< 2^n

  HWY_INLINE GateExp(Tag<float> d, Vector<float> x) {
    // So large that the sum's last bits are n.
    const auto magic = hn::Set(d, 12582912.0f);
    const auto sum = hn::MulAdd(x, hn::Set(d, 1.44269504f), magic), n = hn::Sub(sum, magic);
    // One product: n is small where the error of ln 2, 2e-9, would be noticed in the result.
    const auto r = hn::NegMulAdd(n, hn::Set(d, 0.693147182f), x);
    p = hn::Set(d, 0.00139336882f);
    p = hn::MulAdd(p, r, hn::Set(d, 0.00836320501f));
    p = hn::MulAdd(p, r, hn::Set(d, 0.041666463f));
    p = hn::MulAdd(p, r, hn::Set(d, 0.166665763f));
    p = hn::MulAdd(p, r, hn::Set(d, 0.5f));
    p = hn::MulAdd(p, hn::Mul(r, r), r);
    const hn::RebindToSigned<Tag<float>> di;
    const auto exponent = hn::ShiftLeft<23>(hn::BitCast(di, sum));
    scale = hn::BitCast(d, hn::Add(hn::BitCast(di, hn::Set(d, 1.0f)), exponent));
  }
};

// Both clamp with x as the second operand, which is the one that x86 passes on where it is no
// number.

/// 1 / (1 + e^-x). Where |x| > 87 the value of 87 does.
HWY_INLINE Vector<float> gate_sigmoid(Tag<float> d, Vector<float> x) {
  const auto inside = hn::CopySign(hn::Min(hn::Set(d, 87.0f), hn::Abs(x)), hn::Neg(x));
  const GateExp e(d, inside);
  const auto one = hn::Set(d, 1.0f), scale = e.scale;
  return hn::Div(one, hn::Add(one, hn::MulAdd(e.p, scale, scale)));
}

/// m / (m + 2) for m = e^2|x| - 1, with the sign of x: nothing cancels near 0, and near 1 the
/// errors of m do. 1 beyond 9.1.
HWY_INLINE Vector<float> gate_tanh(Tag<float> d, Vector<float> x) {
  const auto inside = hn::Min(hn::Set(d, 9.1f), hn::Abs(x));
  const GateExp e(d, hn::Add(inside, inside));
  const auto m = hn::MulAdd(e.p, e.scale, hn::Sub(e.scale, hn::Set(d, 1.0f)));
  return hn::CopySign(hn::Div(m, hn::Add(m, hn::Set(d, 2.0f))), x);
}

HWY_INLINE Vector<double> gate_sigmoid(Tag<double> d, Vector<double> x) { return sigmoid(d, x); }
HWY_INLINE Vector<double> gate_tanh(Tag<double> d, Vector<double> x) { return tanh(d, x); }

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#endif  // include guard
