#include "tenon/kernels/dropout.hpp"

#include <cmath>

#include "kernels/dropout_part.hpp"
#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"
#include "tenon/base/parallel.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/dropout.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

using Words = Tag<std::uint64_t>;  // of which the lower 32 bits count
using WordVector = Vector<std::uint64_t>;

HWY_INLINE WordVector product(WordVector a, std::uint32_t b) {
  const Words d;
  const hn::Repartition<std::uint32_t, Words> halves;
  return hn::MulEven(hn::BitCast(halves, a), hn::BitCast(halves, hn::Set(d, std::uint64_t{b})));
}

/// The first and the third word of Philox4x32-10 for a vector of counters: detail::philox, the same
/// bits. The upper halves hold what the products leave there, which no product reads.
struct Philox {
  WordVector first, third;

  HWY_INLINE Philox(RandomKey key, WordVector counters) {
    const Words d;
    first = counters;
    third = hn::Set(d, key.stream);
    auto second = hn::ShiftRight<32>(counters), fourth = hn::Set(d, key.stream >> 32);
    auto k0 = static_cast<std::uint32_t>(key.seed), k1 = static_cast<std::uint32_t>(key.seed >> 32);
    for (int round = 0; round < 10; ++round) {
      const auto p0 = product(first, 0xD2511F53u), p1 = product(third, 0xCD9E8D57u);
      first = hn::Xor(hn::ShiftRight<32>(p1), hn::Xor(second, hn::Set(d, std::uint64_t{k0})));
      third = hn::Xor(hn::ShiftRight<32>(p0), hn::Xor(fourth, hn::Set(d, std::uint64_t{k1})));
      second = p1;
      fourth = p0;
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
  }
};

/// Both elements of each counter: the top 24 bits of their words decide.
HWY_INLINE void store_mask(const Philox& words, std::int32_t threshold, float scale, float* mask) {
  const Words d;
  const hn::Repartition<std::uint32_t, Words> elements;
  const hn::RebindToSigned<decltype(elements)> signed_elements;
  const Tag<float> to;
  const auto low = hn::And(words.first, hn::Set(d, std::uint64_t{0xFFFFFFFF}));
  const auto both = hn::Or(low, hn::ShiftLeft<32>(words.third));
  const auto top = hn::ShiftRight<8>(hn::BitCast(elements, both));
  const auto is_dropped =
      hn::Lt(hn::BitCast(signed_elements, top), hn::Set(signed_elements, threshold));
  hn::StoreU(hn::IfThenZeroElse(hn::RebindMask(to, is_dropped), hn::Set(to, scale)), to, mask);
}
HWY_INLINE void store_mask(const Philox& words, std::int32_t threshold, double scale,
                           double* mask) {
  const Words d;
  const hn::RebindToSigned<Words> elements;
  const Tag<double> to;
  const auto of_word = [&](WordVector word) HWY_ATTR {
    const auto top = hn::ShiftRight<8>(hn::And(word, hn::Set(d, std::uint64_t{0xFFFFFFFF})));
    const auto is_dropped =
        hn::Lt(hn::BitCast(elements, top), hn::Set(elements, std::int64_t{threshold}));
    return hn::IfThenZeroElse(hn::RebindMask(to, is_dropped), hn::Set(to, scale));
  };
  hn::StoreInterleaved2(of_word(words.first), of_word(words.third), to, mask);
}

/// Elements [first, first + n) of the mask, first even.
template <class T>
void mask_part(RandomKey key, Index first, Index n, std::int32_t threshold, T scale, T* part) {
  const Words d;
  constexpr Index step = 2 * lanes<std::uint64_t>;
  auto counters = hn::Add(hn::Set(d, static_cast<std::uint64_t>(first / 2)), hn::Iota(d, 0));
  Index i = 0;
  for (; i + step <= n; i += step) {
    store_mask(Philox(key, counters), threshold, scale, part + i);
    counters = hn::Add(counters, hn::Set(d, std::uint64_t{step / 2}));
  }
  T rest[step];
  if (i < n) store_mask(Philox(key, counters), threshold, scale, rest);
  for (Index k = 0; i + k < n; ++k) part[i + k] = rest[k];
}

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {

template <class T>
void dropout_mask_part(RandomKey key, double p, Index first, Index n, T* part) {
  static const auto fill = TENON_CHOOSE(mask_part<T>);
  const T scale = p < 1 ? static_cast<T>(1 / (1 - p)) : T(0);
  fill(key, first, n, static_cast<std::int32_t>(std::ceil(p * 0x1p24)), scale, part);
}

template <class T>
void dropout_mask(Index n, RandomKey key, double p, T* mask) {
  count_arrays<T>(n, 0, 1);
  const detail::FlushDenormals flush;
  parallel_for(n, 1 << 14, [=](Index begin, Index end) {
    dropout_mask_part(key, p, begin, end - begin, mask + begin);
  });
}

#define TENON_INSTANTIATE(T)                                               \
  template void dropout_mask_part<T>(RandomKey, double, Index, Index, T*); \
  template void dropout_mask<T>(Index, RandomKey, double, T*);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
#endif  // HWY_ONCE
