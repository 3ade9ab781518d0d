#include "kernels/simd/sparse.hpp"

#include <utility>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/sparse.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

// Eighteen sums need the 32 registers of AVX-512 or of Arm.
#if HWY_TARGET == HWY_AVX3 || HWY_ARCH_ARM
inline constexpr int sparse_vectors = 2;
#else
inline constexpr int sparse_vectors = 1;
#endif

Index count_nonzero(const float* x, Index n) {
  const Tag<float> d;
  const auto zero = hn::Zero(d);
  Index count = 0;
  for (Index i = 0; i < n; i += lanes<float>) {
    const Index rest = n - i < lanes<float> ? n - i : lanes<float>;
    const auto is_nonzero = hn::Ne(load_first(x + i, rest), zero);
    count += static_cast<Index>(hn::CountTrue(d, is_nonzero));
  }
  return count;
}

bool all_finite(const float* x, Index n) {
  const Tag<float> d;
  const auto zero = hn::Zero(d);
  auto zeros = zero;  // not a number as soon as a value is not finite
  for (Index i = 0; i < n; i += lanes<float>) {
    const Index rest = n - i < lanes<float> ? n - i : lanes<float>;
    zeros = hn::MulAdd(load_first(x + i, rest), zero, zeros);
  }
  return hn::AllTrue(d, hn::Eq(zeros, zero));
}

Index compress(const float* x, const std::int32_t* offsets, Index n, float* values,
               std::int32_t* kept) {
  const Tag<float> d;
  const hn::RebindToSigned<Tag<float>> di;
  const auto zero = hn::Zero(d);
  Index count = 0;
  for (Index i = 0; i < n; i += lanes<float>) {
    const Index rest = n - i < lanes<float> ? n - i : lanes<float>;
    const auto v = load_first(x + i, rest);
    const auto is_nonzero = hn::Ne(v, zero);
    // Through registers: some processors compress to memory very slowly.
    hn::StoreU(hn::Compress(v, is_nonzero), d, values + count);
    hn::StoreU(hn::Compress(load_first(offsets + i, rest), hn::RebindMask(di, is_nonzero)), di,
               kept + count);
    count += static_cast<Index>(hn::CountTrue(d, is_nonzero));
  }
  return count;
}

/// sum[t][j] += value x[taps[t] + j]
template <int Taps, int Vectors>
HWY_INLINE void add_pixel(float value, const float* x, const Index* taps,
                          Vector<float> (&sum)[Taps][Vectors]) {
  const Tag<float> d;
  const auto factor = hn::Set(d, value);
  for (int t = 0; t < Taps; ++t) {
    for (int j = 0; j < Vectors; ++j) {
      sum[t][j] = hn::MulAdd(factor, hn::LoadU(d, x + taps[t] + j * lanes<float>), sum[t][j]);
    }
  }
}

template <int Taps, int Vectors>
void gather(const float* values, const std::int32_t* kept, Index count, const float* x,
            const Index* taps, float* sums, Index sums_step) {
  // Few sums would wait for their own additions: every fourth value has sums of its own.
  constexpr int chains = Taps * Vectors < 4 ? 4 : 1;
  const Tag<float> d;
  Vector<float> sum[chains][Taps][Vectors];
  // Told to unroll the outermost loops, the compiler keeps the sums in registers.
  HWY_UNROLL(4)
  for (int q = 0; q < chains; ++q) {
    for (int t = 0; t < Taps; ++t) {
      for (int j = 0; j < Vectors; ++j) sum[q][t][j] = hn::Zero(d);
    }
  }
  Index k = 0;
  for (; k + chains <= count; k += chains) {
    for (int q = 0; q < chains; ++q) add_pixel(values[k + q], x + kept[k + q], taps, sum[q]);
  }
  for (; k < count; ++k) add_pixel(values[k], x + kept[k], taps, sum[0]);
  HWY_UNROLL(9)
  for (int t = 0; t < Taps; ++t) {
    for (int j = 0; j < Vectors; ++j) {
      for (int q = 1; q < chains; ++q) sum[0][t][j] = hn::Add(sum[0][t][j], sum[q][t][j]);
      float* to = sums + t * sums_step + j * lanes<float>;
      hn::StoreU(hn::Add(hn::LoadU(d, to), sum[0][t][j]), d, to);
    }
  }
}

template <int Taps, int Vectors>
void scatter(const float* values, const std::int32_t* kept, Index count, const float* w,
             Index w_step, const Index* taps, float* y) {
  const Tag<float> d;
  Vector<float> weight[Taps][Vectors];
  HWY_UNROLL(9)
  for (int t = 0; t < Taps; ++t) {
    for (int j = 0; j < Vectors; ++j) {
      weight[t][j] = hn::LoadU(d, w + t * w_step + j * lanes<float>);
    }
  }
  for (Index k = 0; k < count; ++k) {
    const auto value = hn::Set(d, values[k]);
    float* pixel = y + kept[k];
    for (int t = 0; t < Taps; ++t) {
      for (int j = 0; j < Vectors; ++j) {
        float* channels = pixel + taps[t] + j * lanes<float>;
        hn::StoreU(hn::MulAdd(value, weight[t][j], hn::LoadU(d, channels)), d, channels);
      }
    }
  }
}

template <int Vectors, int... Tap>
constexpr void add_widths(SparseKernels& kernels, std::integer_sequence<int, Tap...>) {
  ((kernels.gather[Tap][Vectors - 1] = &gather<Tap + 1, Vectors>), ...);
  ((kernels.scatter[Tap][Vectors - 1] = &scatter<Tap + 1, Vectors>), ...);
}

constexpr SparseKernels make_sparse_kernels() {
  SparseKernels kernels{};
  kernels.lanes = static_cast<int>(lanes<float>);
  kernels.vectors = sparse_vectors;
  kernels.count_nonzero = &count_nonzero;
  kernels.all_finite = &all_finite;
  kernels.compress = &compress;
  constexpr auto taps = std::make_integer_sequence<int, SparseKernels::most_taps>();
  add_widths<1>(kernels, taps);
  if constexpr (sparse_vectors == 2) add_widths<2>(kernels, taps);
  return kernels;
}

constexpr SparseKernels sparse_of = make_sparse_kernels();

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {

const SparseKernels& sparse_kernels() {
  static const SparseKernels& kernels = *TENON_CHOOSE(sparse_of);
  return kernels;
}

}  // namespace tenon::kernels
#endif  // HWY_ONCE
