#pragma once

#include <array>
#include <cstdint>

#include "tenon/base/config.hpp"
#include "tenon/base/shape.hpp"

namespace tenon {

/// Names one stream of random numbers: what position i holds depends on these two and i alone.
struct RandomKey {
  std::uint64_t seed = 0;
  std::uint64_t stream = 0;
};

/// Hands out streams of random numbers, one for each random operation. State is two integers, so
/// saving and restoring it repeats a program to the last bit.
class Generator {
 public:
  explicit Generator(std::uint64_t seed = 0) : key_{seed, 0} {}

  /// The stream of the next random operation.
  RandomKey next() { return {key_.seed, key_.stream++}; }

  RandomKey state() const { return key_; }
  void set_state(RandomKey state) { key_ = state; }

 private:
  RandomKey key_;
};

/// The generator that factories, initialisation and dropout of this thread draw from. Every thread
/// has one of its own (seed 0 until manual_seed), so that threads never disturb each other's
/// numbers.
TENON_API Generator& default_generator();

/// Starts this thread's default generator anew.
TENON_API void manual_seed(std::uint64_t seed);

namespace detail {

/// Philox4x32-10: four random words for a 128-bit counter under a 64-bit key.
/// Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11.
TENON_API std::array<std::uint32_t, 4> philox(RandomKey key, std::uint64_t position);

/// Uniform in [0, 1): the top 24 (float) or 53 (double) bits of the words at this position.
template <class T>
TENON_API T uniform_at(RandomKey key, std::uint64_t position);

/// x[i] uniform in [low, high).
template <class T>
TENON_API void fill_uniform(T* x, Index n, RandomKey key, double low, double high);

/// x[i] normal with the given mean and standard deviation (Box-Muller on two words each).
template <class T>
TENON_API void fill_normal(T* x, Index n, RandomKey key, double mean, double stddev);

/// p becomes a random order of 0 .. n-1 (Fisher-Yates).
TENON_API void fill_permutation(Index* p, Index n, RandomKey key);

}  // namespace detail
}  // namespace tenon
