#pragma once

// Catch2 2.13 (one header) or 3 (many): tests include this file and use what both have.

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>

namespace Catch::Matchers {
/// Version 3's name for what version 2 calls Contains.
inline auto ContainsSubstring(const std::string& text) { return Contains(text); }
}  // namespace Catch::Matchers
#endif

/// Ends a test that cannot run here and says why, also in a run that passes.
#if defined(SKIP)
#define TENON_TEST_SKIP(reason) SKIP(reason)
#else
#define TENON_TEST_SKIP(reason)    \
  do {                             \
    WARN("skipped: " << (reason)); \
    return;                        \
  } while (false)
#endif
