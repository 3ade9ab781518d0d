#pragma once

#include <cstdint>

#include "tenon/base/random.hpp"

namespace tenon::detail {

/// A seed drawn from a stream, for a further set of streams that has nothing to do with it.
inline std::uint64_t drawn_seed(RandomKey key) {
  const auto words = philox(key, 0);
  return std::uint64_t{words[0]} << 32 | words[1];
}

}  // namespace tenon::detail
