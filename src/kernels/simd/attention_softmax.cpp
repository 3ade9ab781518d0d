#include "kernels/simd/attention_softmax.hpp"

#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/attention_softmax.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/loop-inl.hpp"
#include "kernels/simd/math-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

template <class T>
HWY_INLINE Vector<T> lowest() {
  return hn::Set(Tag<T>(), -std::numeric_limits<T>::infinity());
}

/// v with -infinity behind the first n lanes.
template <class T>
HWY_INLINE Vector<T> first_or_lowest(Vector<T> v, Index n) {
  if (n == lanes<T>) return v;
  return hn::IfThenElse(hn::FirstN(Tag<T>(), static_cast<std::size_t>(n)), v, lowest<T>());
}

template <class T>
T largest_score(const T* s, Index n) {
  auto most = lowest<T>();
  for_each_vector<T>(n, [&](Index j, Index count) HWY_ATTR {
    most = hn::Max(most, first_or_lowest<T>(load(s + j, count), count));
  });
  return hn::GetLane(hn::MaxOfLanes(Tag<T>(), most));
}

template <class T>
T masked(T* s, Index n, T scale, const T* bias, const bool* keep) {
  for_each_vector<T>(n, [=](Index j, Index count) HWY_ATTR {
    auto x = hn::Mul(load(s + j, count), hn::Set(Tag<T>(), scale));
    if (bias != nullptr) x = hn::Add(x, load(bias + j, count));
    store<T>(x, s + j, count);
  });
  if (keep != nullptr) {
    for (Index j = 0; j < n; ++j) s[j] = keep[j] ? s[j] : -std::numeric_limits<T>::infinity();
  }
  return largest_score(s, n);
}

template <class T>
T exponentials(T* s, Index n, Index width, T scale, T shift) {
  const Tag<T> d;
  const auto factor = hn::Set(d, scale), constant = hn::Set(d, shift);
  auto sum = hn::Zero(d);
  for_each_vector<T>(n, [&](Index j, Index count) HWY_ATTR {
    const auto x = hn::MulSub(load(s + j, count), factor, constant);
    const auto e = first<T>(exp(d, x), count);
    sum = hn::Add(sum, e);
    store<T>(e, s + j, count);
  });
  for (Index j = n; j < width; ++j) s[j] = T(0);
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

template <class T>
void backward(T* s, T* dp, Index n, Index width, T scale, T shift, T mean, T scale_ds,
              const T* kept) {
  const Tag<T> d;
  const auto factor = hn::Set(d, scale), constant = hn::Set(d, shift);
  const auto centre = hn::Set(d, mean), slope = hn::Set(d, scale_ds);
  for_each_vector<T>(n, [=](Index j, Index count) HWY_ATTR {
    auto p = exp(d, hn::MulSub(load(s + j, count), factor, constant));
    auto g = load(dp + j, count);
    if (kept != nullptr) g = hn::Mul(g, load(kept + j, count));
    store<T>(hn::Mul(hn::Mul(p, slope), hn::Sub(g, centre)), dp + j, count);
    if (kept != nullptr) p = hn::Mul(p, load(kept + j, count));
    store<T>(p, s + j, count);
  });
  for (Index j = n; j < width; ++j) s[j] = dp[j] = T(0);
}

template <class T>
void multiply(T* x, Index n, T factor) {
  for_each_vector<T>(n, [=](Index j, Index count) HWY_ATTR {
    store<T>(hn::Mul(load(x + j, count), hn::Set(Tag<T>(), factor)), x + j, count);
  });
}

template <class T>
void multiply_each(T* x, Index n, const T* factors) {
  for_each_vector<T>(n, [=](Index j, Index count) HWY_ATTR {
    store<T>(hn::Mul(load(x + j, count), load(factors + j, count)), x + j, count);
  });
}

template <class T>
T dot(const T* a, const T* b, Index n) {
  const Tag<T> d;
  auto sum = hn::Zero(d);
  for_each_vector<T>(n, [&](Index j, Index count) HWY_ATTR {
    sum = hn::MulAdd(load(a + j, count), load(b + j, count), sum);
  });
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

template <class T>
constexpr AttentionSoftmaxKernels<T> softmax_rows = {
    &largest_score<T>, &masked<T>,        &exponentials<T>, &backward<T>,
    &multiply<T>,      &multiply_each<T>, &dot<T>};

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {

template <class T>
const AttentionSoftmaxKernels<T>& attention_softmax_kernels() {
  static const AttentionSoftmaxKernels<T>& kernels = *TENON_CHOOSE(softmax_rows<T>);
  return kernels;
}

template const AttentionSoftmaxKernels<float>& attention_softmax_kernels<float>();
template const AttentionSoftmaxKernels<double>& attention_softmax_kernels<double>();

}  // namespace tenon::kernels
#endif  // HWY_ONCE
