// log1p, expm1 and erf of vectors, which keep their digits near 0, for one instruction set. Those
// of float are off by at most 2, 2 and 2 units in the last place; those of double come from the C
// library, one by one.
#if defined(TENON_SIMD_SPECIAL_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef TENON_SIMD_SPECIAL_INL_HPP
#undef TENON_SIMD_SPECIAL_INL_HPP
#else
#define TENON_SIMD_SPECIAL_INL_HPP
#endif

#include "kernels/simd/math-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

/// With u the rounded 1 + x: log(u) x / (u - 1), in which the error of u cancels (Kahan).
HWY_INLINE Vector<float> log1p(Tag<float> d, Vector<float> x) {
  const auto one = hn::Set(d, 1.0f), u = hn::Add(one, x), difference = hn::Sub(u, one);
  const auto y = hn::Mul(log(d, u), hn::Div(x, difference));
  const auto infinity = hn::Set(d, std::numeric_limits<float>::infinity());
  const auto is_itself = hn::Or(hn::Eq(u, one), hn::Eq(x, infinity));
  return hn::IfThenElse(is_itself, x, y);
}

/// x + x^2 times a polynomial, off by 1.5e-9, where e^x - 1 would cancel.
HWY_INLINE Vector<float> expm1(Tag<float> d, Vector<float> x) {
  auto p = hn::Set(d, 2.4780782e-5f);
  p = hn::MulAdd(p, x, hn::Set(d, 0.000201005649f));
  p = hn::MulAdd(p, x, hn::Set(d, 0.00138904853f));
  p = hn::MulAdd(p, x, hn::Set(d, 0.00833260175f));
  p = hn::MulAdd(p, x, hn::Set(d, 0.0416666195f));
  p = hn::MulAdd(p, x, hn::Set(d, 0.166666731f));
  p = hn::MulAdd(p, x, hn::Set(d, 0.5f));
  const auto near_zero = hn::MulAdd(hn::Mul(x, x), p, x);
  const auto y = hn::Sub(exp(d, x), hn::Set(d, 1.0f));
  const auto either = hn::IfThenElse(hn::Lt(hn::Abs(x), hn::Set(d, 0.7f)), near_zero, y);
  return hn::CopySign(either, x);  // that of -0
}

/// 1 minus twice the normal distribution's tail, with the sign of x; an odd polynomial, off by
/// 3e-10, where that cancels.
HWY_INLINE Vector<float> erf(Tag<float> d, Vector<float> x) {
  const auto z = hn::Mul(x, x), size = hn::Abs(x);
  auto p = hn::Set(d, 8.51310324e-5f);
  p = hn::MulAdd(p, z, hn::Set(d, -0.000817563909f));
  p = hn::MulAdd(p, z, hn::Set(d, 0.00520385895f));
  p = hn::MulAdd(p, z, hn::Set(d, -0.0268605091f));
  p = hn::MulAdd(p, z, hn::Set(d, 0.112837151f));
  p = hn::MulAdd(p, z, hn::Set(d, -0.376126349f));
  p = hn::MulAdd(p, z, hn::Set(d, 0.128379166f));
  const auto near_zero = hn::MulAdd(size, p, size);
  const auto t = hn::Mul(size, hn::Set(d, 1.41421356f));
  const auto tail = normal_tail(d, t, exp(d, hn::Neg(z)));
  const auto y = hn::NegMulAdd(hn::Set(d, 2.0f), tail, hn::Set(d, 1.0f));
  return hn::CopySign(hn::IfThenElse(hn::Lt(size, hn::Set(d, 0.9f)), near_zero, y), x);
}

HWY_INLINE Vector<double> log1p(Tag<double> d, Vector<double> x) {
  return one_by_one(d, x, [](double v) { return std::log1p(v); });
}
HWY_INLINE Vector<double> expm1(Tag<double> d, Vector<double> x) {
  return one_by_one(d, x, [](double v) { return std::expm1(v); });
}
HWY_INLINE Vector<double> erf(Tag<double> d, Vector<double> x) {
  return one_by_one(d, x, [](double v) { return std::erf(v); });
}

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#endif  // include guard
