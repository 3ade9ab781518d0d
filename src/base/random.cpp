#include "tenon/base/random.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "tenon/base/denormals.hpp"
#include "tenon/base/parallel.hpp"

namespace tenon {

Generator& default_generator() {
  thread_local Generator generator;
  return generator;
}

void manual_seed(std::uint64_t seed) { default_generator() = Generator(seed); }

namespace detail {
namespace {

constexpr Index grain = 1 << 14;

constexpr std::uint32_t low_word(std::uint64_t x) { return static_cast<std::uint32_t>(x); }
constexpr std::uint32_t high_word(std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); }

/// The 64 random bits of position i: two positions share one call of philox.
struct Bits {
  std::uint32_t first, second;
};

Bits bits_at(RandomKey key, std::uint64_t position) {
  const auto words = philox(key, position / 2);
  return position % 2 == 0 ? Bits{words[0], words[1]} : Bits{words[2], words[3]};
}

/// Calls f(i, bits) for each position in [begin, end), begin even: as bits_at, one philox a pair.
template <class F>
void for_each_bits(RandomKey key, Index begin, Index end, const F& f) {
  for (Index i = begin; i < end; i += 2) {
    const auto words = philox(key, static_cast<std::uint64_t>(i) / 2);
    f(i, Bits{words[0], words[1]});
    if (i + 1 < end) f(i + 1, Bits{words[2], words[3]});
  }
}

/// float takes the leading bits of what double takes, so that both see the same numbers.
template <class T>
T to_uniform(Bits bits) {
  if constexpr (sizeof(T) == sizeof(float)) {
    return static_cast<T>(bits.first >> 8) * static_cast<T>(0x1p-24);
  } else {
    const std::uint64_t both = (std::uint64_t{bits.first} << 32) | bits.second;
    return static_cast<T>(both >> 11) * static_cast<T>(0x1p-53);
  }
}

double to_normal(Bits bits) {
  const double radius = std::sqrt(-2.0 * std::log((bits.first + 1.0) * 0x1p-32));
  return radius * std::cos(2.0 * std::numbers::pi * (bits.second * 0x1p-32));
}

}  // namespace

std::array<std::uint32_t, 4> philox(RandomKey key, std::uint64_t position) {
  std::uint32_t c0 = low_word(position), c1 = high_word(position);
  std::uint32_t c2 = low_word(key.stream), c3 = high_word(key.stream);
  std::uint32_t k0 = low_word(key.seed), k1 = high_word(key.seed);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * c0;
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57u} * c2;
    c0 = high_word(p1) ^ c1 ^ k0;
    c1 = low_word(p1);
    c2 = high_word(p0) ^ c3 ^ k1;
    c3 = low_word(p0);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {c0, c1, c2, c3};
}

template <class T>
T uniform_at(RandomKey key, std::uint64_t position) {
  return to_uniform<T>(bits_at(key, position));
}

template <class T>
void fill_uniform(T* x, Index n, RandomKey key, double low, double high) {
  const FlushDenormals flush;
  // Rounding to T could reach high itself, which the half-open range excludes.
  const T last =
      low < high ? std::nextafter(static_cast<T>(high), static_cast<T>(low)) : static_cast<T>(low);
  parallel_for(n, grain, [&](Index begin, Index end) {
    for_each_bits(key, begin, end, [&](Index i, Bits bits) {
      const double u = static_cast<double>(to_uniform<T>(bits));
      x[i] = std::min(static_cast<T>(low + (high - low) * u), last);
    });
  });
}

template <class T>
void fill_normal(T* x, Index n, RandomKey key, double mean, double stddev) {
  const FlushDenormals flush;
  parallel_for(n, grain, [&](Index begin, Index end) {
    for_each_bits(key, begin, end, [&](Index i, Bits bits) {
      x[i] = static_cast<T>(mean + stddev * to_normal(bits));
    });
  });
}

void fill_permutation(Index* p, Index n, RandomKey key) {
  for (Index i = 0; i < n; ++i) p[i] = i;
  for (Index i = n - 1; i > 0; --i) {
    const Bits bits = bits_at(key, static_cast<std::uint64_t>(i));
    const std::uint64_t both = (std::uint64_t{bits.first} << 32) | bits.second;
    std::swap(p[i], p[static_cast<Index>(both % static_cast<std::uint64_t>(i + 1))]);
  }
}

template float uniform_at<float>(RandomKey, std::uint64_t);
template double uniform_at<double>(RandomKey, std::uint64_t);
template void fill_uniform<float>(float*, Index, RandomKey, double, double);
template void fill_uniform<double>(double*, Index, RandomKey, double, double);
template void fill_normal<float>(float*, Index, RandomKey, double, double);
template void fill_normal<double>(double*, Index, RandomKey, double, double);

}  // namespace detail
}  // namespace tenon
