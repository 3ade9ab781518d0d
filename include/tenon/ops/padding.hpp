#pragma once

#include <type_traits>

#include "tenon/ops/pair.hpp"

namespace tenon {

/// Paddings of convolutions that have names: `.padding = Padding::same`.
enum class Padding {
  valid,  ///< none
  same    ///< as much as makes y as large as x, for stride 1; an odd position more goes to the end
};

/// A number for each axis of a volume: 3 means (3, 3, 3).
struct Triple {
  Index d;
  Index h;
  Index w;

  template <class I>
  requires std::is_integral_v<I>
  constexpr Triple(I all_three) : d(static_cast<Index>(all_three)), h(d), w(d) {}
  template <class I, class J, class K>
  requires(std::is_integral_v<I>&& std::is_integral_v<J>&& std::is_integral_v<K>) constexpr Triple(
      I along_d, J along_h, K along_w)
      : d(static_cast<Index>(along_d)),
        h(static_cast<Index>(along_h)),
        w(static_cast<Index>(along_w)) {}

  friend constexpr bool operator==(Triple a, Triple b) {
    return a.d == b.d && a.h == b.h && a.w == b.w;
  }
};

/// Zeros around x, on each side: a number for each axis, or Padding::same.
struct Padding1d {
  Index size = 0;
  bool is_same = false;

  template <class I>
  requires std::is_integral_v<I>
  constexpr Padding1d(I positions) : size(static_cast<Index>(positions)) {}
  constexpr Padding1d(Padding named) : is_same(named == Padding::same) {}
};
struct Padding2d : Pair {
  bool is_same = false;

  using Pair::Pair;
  constexpr Padding2d(Pair sizes) : Pair(sizes) {}
  constexpr Padding2d(Padding named) : Pair(0), is_same(named == Padding::same) {}
};
struct Padding3d : Triple {
  bool is_same = false;

  using Triple::Triple;
  constexpr Padding3d(Triple sizes) : Triple(sizes) {}
  constexpr Padding3d(Padding named) : Triple(0), is_same(named == Padding::same) {}
};

}  // namespace tenon
