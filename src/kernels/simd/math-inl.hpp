// exp, log, tanh, sigmoid and the normal distribution of vectors, for one instruction set. The
// first four of float are polynomials, off by at most 1.1, 0.9, 1.4 and 2.5 units in the last
// place; those of double come from the C library, one by one: double is for checking and for
// science, where the last bit counts more.
#if defined(TENON_SIMD_MATH_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef TENON_SIMD_MATH_INL_HPP
#undef TENON_SIMD_MATH_INL_HPP
#else
#define TENON_SIMD_MATH_INL_HPP
#endif

#include <cmath>
#include <limits>

#include "hwy/contrib/math/math-inl.h"
#include "kernels/simd/vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

/// e^x = 2^n e^r with n the integer next to x / ln 2, so that |r| <= ln(2) / 2. The polynomial of
/// e^r is off by 1e-8 of its value (minimax in double).
HWY_INLINE Vector<float> exp(Tag<float> d, Vector<float> any) {
  const auto overflow = hn::Set(d, 88.722832f), underflow = hn::Set(d, -87.336545f);
  const auto is_tiny = hn::Lt(any, underflow);
  const auto x = hn::IfThenElse(is_tiny, underflow, any);
  // Numbers of this size are integers, so that n stands rounded in the lowest bits of the sum.
  const auto integers = hn::Set(d, 12582912.0f);  // 1.5 2^23
  const auto shifted = hn::MulAdd(x, hn::Set(d, 1.44269504f), integers);
  const auto n = hn::Sub(shifted, integers);
  // ln 2 in two parts, the first of so few bits that its product with n is exact.
  auto r = hn::NegMulAdd(n, hn::Set(d, 0.693145752f), x);
  r = hn::NegMulAdd(n, hn::Set(d, 1.42860682e-6f), r);
  auto p = hn::Set(d, 0.00139336882f);
  p = hn::MulAdd(p, r, hn::Set(d, 0.00836320501f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.041666463f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.166665763f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.5f));
  p = hn::MulAdd(hn::Mul(r, r), p, r);
  // n is added to the exponent of e^r, which stays a normal number's between the two bounds.
  const hn::RebindToSigned<Tag<float>> di;
  const auto power = hn::ShiftLeft<23>(hn::BitCast(di, shifted));
  const auto mantissa = hn::BitCast(di, hn::Add(p, hn::Set(d, 1.0f)));
  const auto y = hn::BitCast(d, hn::Add(mantissa, power));
  const auto infinity = hn::Set(d, std::numeric_limits<float>::infinity());
  // Beyond the upper bound infinity; not a number stays so.
  const auto bounded = hn::IfThenElse(hn::Le(any, overflow), y, hn::Add(any, infinity));
  return hn::IfThenZeroElse(is_tiny, bounded);
}

HWY_INLINE Vector<float> log(Tag<float> d, Vector<float> x) {
  const auto zero = hn::Zero(d), infinity = hn::Set(d, std::numeric_limits<float>::infinity());
  auto y = hn::Log(d, x);
  y = hn::IfThenElse(hn::Eq(x, infinity), infinity, y);
  y = hn::IfThenElse(hn::Eq(x, zero), hn::Neg(infinity), y);
  const auto is_defined = hn::Ge(x, zero);  // false for NaN, too
  return hn::IfThenElse(is_defined, y, hn::Set(d, std::numeric_limits<float>::quiet_NaN()));
}

/// 1 - 2 / (e^2|x| + 1) with the sign of x; an odd polynomial, off by 6e-9, where that cancels.
HWY_INLINE Vector<float> tanh(Tag<float> d, Vector<float> x) {
  const auto z = hn::Mul(x, x);
  auto p = hn::Set(d, 0.00229584123f);
  p = hn::MulAdd(p, z, hn::Set(d, -0.00834698044f));
  p = hn::MulAdd(p, z, hn::Set(d, 0.0217699613f));
  p = hn::MulAdd(p, z, hn::Set(d, -0.0539594069f));
  p = hn::MulAdd(p, z, hn::Set(d, 0.133333042f));
  p = hn::MulAdd(p, z, hn::Set(d, -0.333333343f));
  const auto near_zero = hn::MulAdd(hn::Mul(x, z), p, x);
  const auto one = hn::Set(d, 1.0f), two = hn::Set(d, 2.0f), size = hn::Abs(x);
  const auto y = hn::Sub(one, hn::Div(two, hn::Add(exp(d, hn::Mul(size, two)), one)));
  const auto either = hn::IfThenElse(hn::Lt(size, hn::Set(d, 0.625f)), near_zero, y);
  return hn::CopySign(either, x);
}

/// Both signs from e^-|x|, which cannot overflow.
HWY_INLINE Vector<float> sigmoid(Tag<float> d, Vector<float> x) {
  const auto one = hn::Set(d, 1.0f), e = exp(d, hn::Neg(hn::Abs(x)));
  return hn::Div(hn::IfThenElse(hn::Lt(x, hn::Zero(d)), e, one), hn::Add(one, e));
}

/// The probability that a standard normal number exceeds t >= 0, given e = e^(-t^2/2). Their ratio
/// changes slowly: it is a polynomial in u = 1 / (1 + 0.265 t) without a constant term, off by
/// 1.1e-8 of its value (minimax for t up to 13.3, where e ends), evaluated to 2.7 units.
HWY_INLINE Vector<float> normal_tail(Tag<float> d, Vector<float> t, Vector<float> e) {
  const auto one = hn::Set(d, 1.0f);
  const auto u = hn::Div(one, hn::MulAdd(t, hn::Set(d, 0.265f), one));
  auto p = hn::Set(d, 0.0309124254f);
  p = hn::MulAdd(p, u, hn::Set(d, -0.144661307f));
  p = hn::MulAdd(p, u, hn::Set(d, 0.218684912f));
  p = hn::MulAdd(p, u, hn::Set(d, -0.117332622f));
  p = hn::MulAdd(p, u, hn::Set(d, 0.13860783f));
  p = hn::MulAdd(p, u, hn::Set(d, 0.0600397177f));
  p = hn::MulAdd(p, u, hn::Set(d, 0.102769822f));
  p = hn::MulAdd(p, u, hn::Set(d, 0.105237111f));
  p = hn::MulAdd(p, u, hn::Set(d, 0.105742112f));
  return hn::Mul(hn::Mul(p, u), e);
}

template <class F>
HWY_INLINE Vector<double> one_by_one(Tag<double> d, Vector<double> x, const F& f) {
  HWY_ALIGN double values[lanes<double>];
  hn::Store(x, d, values);
  for (Index i = 0; i < lanes<double>; ++i) values[i] = f(values[i]);
  return hn::Load(d, values);
}
HWY_INLINE Vector<double> exp(Tag<double> d, Vector<double> x) {
  return one_by_one(d, x, [](double v) { return std::exp(v); });
}
HWY_INLINE Vector<double> log(Tag<double> d, Vector<double> x) {
  return one_by_one(d, x, [](double v) { return std::log(v); });
}
HWY_INLINE Vector<double> tanh(Tag<double> d, Vector<double> x) {
  return one_by_one(d, x, [](double v) { return std::tanh(v); });
}
HWY_INLINE Vector<double> sigmoid(Tag<double> d, Vector<double> x) {
  return one_by_one(d, x, [](double v) {
    const double e = std::exp(-std::abs(v));
    return (v < 0 ? e : 1.0) / (1 + e);
  });
}
HWY_INLINE Vector<double> normal_tail(Tag<double> d, Vector<double> t, Vector<double>) {
  return one_by_one(d, t, [](double v) { return 0.5 * std::erfc(v * 0.70710678118654752); });
}

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#endif  // include guard
