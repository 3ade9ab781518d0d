#include "tenon/kernels/compare.hpp"

#include <bit>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "elementwise_loop.hpp"

namespace tenon::kernels {
namespace {

/// The same for the operands the other way round.
ElementwiseDims<2> swapped(ElementwiseDims<2> dims) {
  std::swap(dims.strides[0], dims.strides[1]);
  return dims;
}

template <class T>
void count_where(const ElementwiseDims<3>& d) {
  if (!detail::is_profiled()) [[likely]]
    return;
  const Index values = distinct_elements(d, 1) + distinct_elements(d, 2) + d.numel;
  count_work<T>(0, bytes_of<bool>(distinct_elements(d, 0)) + bytes_of<T>(values));
}

/// a where c, else b, by their bits: a branch would be a guess for every element.
template <class T>
T chosen(unsigned char c, T a, T b) {
  if constexpr (sizeof(T) == 1) {
    return c ? a : b;
  } else {
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    const Bits mask = Bits{0} - Bits{c};
    return std::bit_cast<T>((std::bit_cast<Bits>(a) & mask) | (std::bit_cast<Bits>(b) & ~mask));
  }
}

/// One run. The steps are numbers known to the compiler where that pays; c is read as bytes, since
/// it makes no vectors of bool.
template <class T, class C, class A, class B>
void choose(Index n, const unsigned char* c, C step_c, const T* a, A step_a, const T* b, B step_b,
            T* y) {
  TENON_INDEPENDENT
  for (Index i = 0; i < n; ++i) y[i] = chosen(c[i * step_c], a[i * step_a], b[i * step_b]);
}

}  // namespace

template <class T>
void eq(const ElementwiseDims<2>& dims, const T* a, const T* b, bool* y) {
  map(dims, cheap_grain, a, b, y, [](T p, T q) { return p == q; });
}

template <class T>
void ne(const ElementwiseDims<2>& dims, const T* a, const T* b, bool* y) {
  map(dims, cheap_grain, a, b, y, [](T p, T q) { return p != q; });
}

template <class T>
void lt(const ElementwiseDims<2>& dims, const T* a, const T* b, bool* y) {
  map(dims, cheap_grain, a, b, y, [](T p, T q) { return p < q; });
}

template <class T>
void le(const ElementwiseDims<2>& dims, const T* a, const T* b, bool* y) {
  map(dims, cheap_grain, a, b, y, [](T p, T q) { return p <= q; });
}

template <class T>
void gt(const ElementwiseDims<2>& dims, const T* a, const T* b, bool* y) {
  lt(swapped(dims), b, a, y);
}

template <class T>
void ge(const ElementwiseDims<2>& dims, const T* a, const T* b, bool* y) {
  le(swapped(dims), b, a, y);
}

template <class T>
void where(const ElementwiseDims<3>& dims, const bool* c, const T* a, const T* b, T* y) {
  count_where<T>(dims);
  const detail::FlushDenormals flush;
  const Index step_c = last_stride(dims, 0);
  const Index step_a = last_stride(dims, 1), step_b = last_stride(dims, 2);
  parallel_for(dims.numel, cheap_grain, [&](Index begin, Index end) {
    for_each_run(dims, begin, end, [&](Index position, Index n, const Index* offsets) {
      const auto* in_c = reinterpret_cast<const unsigned char*>(c + offsets[0]);
      const T* in_a = a + offsets[1];
      const T* in_b = b + offsets[2];
      T* out = y + position;
      constexpr std::integral_constant<Index, 0> same;
      constexpr std::integral_constant<Index, 1> next;
      if (step_c == 1 && step_a == 1 && step_b == 1) {
        choose(n, in_c, next, in_a, next, in_b, next, out);
      } else if (step_c == 1 && step_a == 1 && step_b == 0) {
        choose(n, in_c, next, in_a, next, in_b, same, out);
      } else if (step_c == 1 && step_a == 0 && step_b == 1) {
        choose(n, in_c, next, in_a, same, in_b, next, out);
      } else if (step_c == 1 && step_a == 0 && step_b == 0) {
        choose(n, in_c, next, in_a, same, in_b, same, out);
      } else {
        choose(n, in_c, step_c, in_a, step_a, in_b, step_b, out);
      }
    });
  });
}

#define TENON_INSTANTIATE_COMPARISON(T, f) \
  template void f<T>(const ElementwiseDims<2>&, const T*, const T*, bool*);
#define TENON_INSTANTIATE(T)          \
  TENON_INSTANTIATE_COMPARISON(T, eq) \
  TENON_INSTANTIATE_COMPARISON(T, ne) \
  TENON_INSTANTIATE_COMPARISON(T, lt) \
  TENON_INSTANTIATE_COMPARISON(T, le) \
  TENON_INSTANTIATE_COMPARISON(T, gt) \
  TENON_INSTANTIATE_COMPARISON(T, ge) \
  template void where<T>(const ElementwiseDims<3>&, const bool*, const T*, const T*, T*);

TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
TENON_INSTANTIATE(std::int64_t)
TENON_INSTANTIATE(std::int32_t)
TENON_INSTANTIATE(std::uint8_t)
TENON_INSTANTIATE(bool)

}  // namespace tenon::kernels
