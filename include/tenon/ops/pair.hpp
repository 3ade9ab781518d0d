#pragma once

#include <type_traits>

#include "tenon/base/shape.hpp"

namespace tenon {

/// A number for each image axis: 3 means (3, 3); {2, 1} means 2 along H and 1 along W.
struct Pair {
  Index h;
  Index w;

  template <class I>
  requires std::is_integral_v<I>
  constexpr Pair(I both) : h(static_cast<Index>(both)), w(static_cast<Index>(both)) {}
  template <class I, class J>
  requires(std::is_integral_v<I>&& std::is_integral_v<J>) constexpr Pair(I along_h, J along_w)
      : h(static_cast<Index>(along_h)), w(static_cast<Index>(along_w)) {}

  friend constexpr bool operator==(Pair a, Pair b) { return a.h == b.h && a.w == b.w; }
};

}  // namespace tenon
