#include "tenon/kernels/softmax.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/base/parallel.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/softmax.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/loop-inl.hpp"
#include "kernels/simd/math-inl.hpp"

#ifndef TENON_SIMD_SOFTMAX_KERNELS
#define TENON_SIMD_SOFTMAX_KERNELS
namespace tenon::kernels {

/// One instruction set's loops over one softmax of n contiguous elements. Outputs may be inputs.
template <class T>
struct SoftmaxKernels {
  void (*forward)(const T* x, Index n, T* y);
  void (*log_forward)(const T* x, Index n, T* y);
  void (*log_sum)(const T* x, Index n, T* y);
  void (*backward)(const T* dy, const T* y, Index n, T* dx);
  void (*log_backward)(const T* dy, const T* y, Index n, T* dx);
};

}  // namespace tenon::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

/// Vectors that are summed in T before their sum is added to a total in double.
inline constexpr Index vectors_per_sum = 64;

/// The sum of f(i, count) over the vectors of n elements; f gives zeros where there is no element.
template <class T, class F>
HWY_INLINE double sum_vectors(Index n, const F& f) {
  const Tag<T> d;
  double total = 0;
  for (Index begin = 0; begin < n; begin += vectors_per_sum * lanes<T>) {
    const Index size =
        n - begin < vectors_per_sum * lanes<T> ? n - begin : vectors_per_sum * lanes<T>;
    auto sum = hn::Zero(d);
    for_each_vector<T>(
        size, [&](Index i, Index count) HWY_ATTR { sum = hn::Add(sum, f(begin + i, count)); });
    total += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, sum)));
  }
  return total;
}

/// The sum of a b in double: what the gradient subtracts it from is often almost the same.
HWY_INLINE double dot(const double* a, const double* b, Index n) {
  return sum_vectors<double>(n, [&](Index i, Index count) HWY_ATTR {
    return hn::Mul(load(a + i, count), load(b + i, count));
  });
}
HWY_INLINE double dot(const float* a, const float* b, Index n) {
  const hn::Half<Tag<float>> half;
  const hn::Rebind<double, decltype(half)> d;
  auto lower = hn::Zero(d), upper = hn::Zero(d);
  for_each_vector<float>(n, [&](Index i, Index count) HWY_ATTR {
    const auto x = load(a + i, count), y = load(b + i, count);
    lower = hn::MulAdd(hn::PromoteTo(d, hn::LowerHalf(half, x)),
                       hn::PromoteTo(d, hn::LowerHalf(half, y)), lower);
    upper = hn::MulAdd(hn::PromoteTo(d, hn::UpperHalf(half, x)),
                       hn::PromoteTo(d, hn::UpperHalf(half, y)), upper);
  });
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(lower, upper)));
}

template <class T>
HWY_INLINE T largest(const T* x, Index n) {
  const Tag<T> d;
  auto m = hn::Set(d, x[0]);
  Index i = 0;
  for (; i + lanes<T> <= n; i += lanes<T>) m = hn::Max(m, hn::LoadU(d, x + i));
  T result = hn::GetLane(hn::MaxOfLanes(d, m));
  for (; i < n; ++i) result = x[i] > result ? x[i] : result;
  return result;
}

template <class T>
void forward(const T* x, Index n, T* y) {
  const Tag<T> d;
  const auto m = hn::Set(d, largest(x, n));
  const double total = sum_vectors<T>(n, [&](Index i, Index count) HWY_ATTR {
    const auto e = first<T>(exp(d, hn::Sub(load(x + i, count), m)), count);
    store<T>(e, y + i, count);
    return e;
  });
  const auto scale = hn::Set(d, static_cast<T>(1 / total));
  for_each_vector<T>(n, [&](Index i, Index count) HWY_ATTR {
    store<T>(hn::Mul(load(y + i, count), scale), y + i, count);
  });
}

template <class T>
void log_forward(const T* x, Index n, T* y) {
  const Tag<T> d;
  const T m = largest(x, n);
  const auto shift = hn::Set(d, m);
  const double total = sum_vectors<T>(n, [&](Index i, Index count) HWY_ATTR {
    return first<T>(exp(d, hn::Sub(load(x + i, count), shift)), count);
  });
  const double log_total = std::log(total);
  // In this order, since m + log_total would lose digits where the logits are large.
  for (Index i = 0; i < n; ++i) {
    y[i] = static_cast<T>(static_cast<double>(x[i]) - static_cast<double>(m) - log_total);
  }
}

template <class T>
void log_sum(const T* x, Index n, T* y) {
  const Tag<T> d;
  const T m = largest(x, n), finite = std::isfinite(m) ? m : T(0);
  const auto shift = hn::Set(d, finite);
  const double total = sum_vectors<T>(n, [&](Index i, Index count) HWY_ATTR {
    return first<T>(exp(d, hn::Sub(load(x + i, count), shift)), count);
  });
  *y = static_cast<T>(static_cast<double>(finite) + std::log(total));
}

template <class T>
void backward(const T* dy, const T* y, Index n, T* dx) {
  const Tag<T> d;
  const auto total = hn::Set(d, static_cast<T>(dot(dy, y, n)));
  for_each_vector<T>(n, [&](Index i, Index count) HWY_ATTR {
    const auto centred = hn::Sub(load(dy + i, count), total);
    store<T>(hn::Mul(load(y + i, count), centred), dx + i, count);
  });
}

template <class T>
void log_backward(const T* dy, const T* y, Index n, T* dx) {
  const Tag<T> d;
  const double sum =
      sum_vectors<T>(n, [&](Index i, Index count) HWY_ATTR { return load(dy + i, count); });
  const auto total = hn::Set(d, static_cast<T>(sum));
  for_each_vector<T>(n, [&](Index i, Index count) HWY_ATTR {
    const auto share = hn::Mul(exp(d, load(y + i, count)), total);
    store<T>(hn::Sub(load(dy + i, count), share), dx + i, count);
  });
}

template <class T>
constexpr SoftmaxKernels<T> softmax_kernels = {&forward<T>, &log_forward<T>, &log_sum<T>,
                                               &backward<T>, &log_backward<T>};

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {
namespace {

constexpr Index thread_elements = 1 << 12;

template <class T>
const SoftmaxKernels<T>& chosen() {
  static const SoftmaxKernels<T>& kernels = *TENON_CHOOSE(softmax_kernels<T>);
  return kernels;
}

template <class T>
void copy(const T* from, Index from_step, Index n, T* to, Index to_step) {
  for (Index i = 0; i < n; ++i) to[i * to_step] = from[i * from_step];
}

/// Calls f(a, b, y) for every softmax, each argument n contiguous elements; where they are not
/// contiguous in the arrays they are copied there and back. b may be null.
template <class T, class F>
void for_each_softmax(const SoftmaxDims& d, const T* a, const T* b, T* y, const F& f) {
  const detail::FlushDenormals flush;
  if (d.n == 0) return;
  const Index softmaxes = d.outer * d.inner;
  const Index grain = std::max(thread_elements / d.n, softmaxes / 64 + 1);
  const bool copies = d.inner != 1;
  const Index scratch_size = copies ? 3 * d.n : 0;
  parallel_with_scratch<T>(softmaxes, grain, scratch_size, [&](T* own, Index begin, Index end) {
    for (Index k = begin; k < end; ++k) {
      const Index offset = k / d.inner * d.n * d.inner + k % d.inner;
      if (!copies) {
        f(a + offset, b == nullptr ? b : b + offset, y + offset);
        continue;
      }
      copy(a + offset, d.inner, d.n, own, 1);
      if (b != nullptr) copy(b + offset, d.inner, d.n, own + d.n, 1);
      f(own, own + d.n, own + 2 * d.n);
      copy(own + 2 * d.n, 1, d.n, y + offset, d.inner);
    }
  });
}

}  // namespace

template <class T>
void softmax_forward(const SoftmaxDims& d, const T* x, T* y) {
  count_softmax<T>(d, 5, 2);
  for_each_softmax<T>(
      d, x, nullptr, y,
      [run = chosen<T>().forward, n = d.n](const T* in, const T*, T* out) { run(in, n, out); });
}

template <class T>
void log_softmax_forward(const SoftmaxDims& d, const T* x, T* y) {
  count_softmax<T>(d, 5, 2);
  for_each_softmax<T>(
      d, x, nullptr, y,
      [run = chosen<T>().log_forward, n = d.n](const T* in, const T*, T* out) { run(in, n, out); });
}

template <class T>
void logsumexp(const SoftmaxDims& d, const T* x, T* y) {
  count_softmax<T>(d, 3, 1);
  const detail::FlushDenormals flush;
  const Index softmaxes = d.outer * d.inner;
  const Index grain = std::max<Index>(1, thread_elements / std::max<Index>(1, d.n));
  const auto run = chosen<T>().log_sum;
  parallel_with_scratch<T>(softmaxes, grain, d.inner == 1 ? 0 : d.n,
                           [&](T* own, Index begin, Index end) {
                             for (Index k = begin; k < end; ++k) {
                               const T* row = x + k / d.inner * d.n * d.inner + k % d.inner;
                               if (d.inner != 1) copy(row, d.inner, d.n, own, 1);
                               run(d.inner == 1 ? row : own, d.n, y + k);
                             }
                           });
}

template <class T>
void softmax_backward(const SoftmaxDims& d, const T* dy, const T* y, T* dx) {
  count_softmax<T>(d, 4, 3);
  for_each_softmax<T>(
      d, dy, y, dx,
      [run = chosen<T>().backward, n = d.n](const T* g, const T* v, T* out) { run(g, v, n, out); });
}

template <class T>
void log_softmax_backward(const SoftmaxDims& d, const T* dy, const T* y, T* dx) {
  count_softmax<T>(d, 4, 3);
  for_each_softmax<T>(d, dy, y, dx,
                      [run = chosen<T>().log_backward, n = d.n](const T* g, const T* v, T* out) {
                        run(g, v, n, out);
                      });
}

#define TENON_INSTANTIATE(T)                                                     \
  template void softmax_forward<T>(const SoftmaxDims&, const T*, T*);            \
  template void softmax_backward<T>(const SoftmaxDims&, const T*, const T*, T*); \
  template void log_softmax_forward<T>(const SoftmaxDims&, const T*, T*);        \
  template void logsumexp<T>(const SoftmaxDims&, const T*, T*);                  \
  template void log_softmax_backward<T>(const SoftmaxDims&, const T*, const T*, T*);

TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
#endif  // HWY_ONCE
