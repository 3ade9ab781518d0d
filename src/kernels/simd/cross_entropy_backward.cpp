#include <algorithm>

#include "kernels/simd/map.hpp"
#include "kernels/work.hpp"
#include "tenon/kernels/cross_entropy.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/cross_entropy_backward.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/map-inl.hpp"
#include "kernels/simd/math-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

/// dloss (e^y - target); both are parameters.
struct CrossEntropyGradient {
  template <class D, class V, class T>
  static HWY_INLINE V apply(D d, V y, const T* parameters) {
    return hn::Mul(hn::Set(d, parameters[0]), hn::Sub(exp(d, y), hn::Set(d, parameters[1])));
  }
};
template <class T>
void cross_entropy_gradient(const T* y, T* dlogits, Index n, const T* parameters) {
  map_unary<CrossEntropyGradient, T>(y, dlogits, n, parameters);
}

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {

template <class T>
void cross_entropy_backward(const CrossEntropyDims& d, const T* dlosses, const std::int64_t* labels,
                            const T* log_probabilities, T* dlogits) {
  count_cross_entropy_backward<T>(d);
  const detail::FlushDenormals flush;
  static const auto gradient = TENON_CHOOSE(cross_entropy_gradient<T>);
  const T smooth = static_cast<T>(d.label_smoothing / static_cast<double>(d.c));
  const T hit = static_cast<T>(1 - d.label_smoothing) + smooth;
  const Index rows = std::max<Index>(1, costly_grain / std::max<Index>(1, d.c));
  parallel_for(d.n, rows, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      T* out = dlogits + i * d.c;
      if (labels[i] == d.ignore_index) {
        std::fill(out, out + d.c, T(0));
        continue;
      }
      const T* row = log_probabilities + i * d.c;
      const T elsewhere[] = {dlosses[i], smooth}, at_label[] = {dlosses[i], hit};
      T label_gradient;
      gradient(row + labels[i], &label_gradient, 1, at_label);  // first: out may be row
      gradient(row, out, d.c, elsewhere);
      out[labels[i]] = label_gradient;
    }
  });
}

template void cross_entropy_backward<float>(const CrossEntropyDims&, const float*,
                                            const std::int64_t*, const float*, float*);
template void cross_entropy_backward<double>(const CrossEntropyDims&, const double*,
                                             const std::int64_t*, const double*, double*);

}  // namespace tenon::kernels
#endif  // HWY_ONCE
