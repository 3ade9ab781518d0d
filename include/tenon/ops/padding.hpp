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
struct Padding2d {
  Index h = 0;
  Index w = 0;
  bool is_same = false;

  template <class I>
  requires std::is_integral_v<I>
  constexpr Padding2d(I both) : Padding2d(Pair(both)) {}
  template <class I, class J>
  requires(std::is_integral_v<I>&& std::is_integral_v<J>) constexpr Padding2d(I along_h, J along_w)
      : Padding2d(Pair(along_h, along_w)) {}
  constexpr Padding2d(Pair sizes) : h(sizes.h), w(sizes.w) {}
  constexpr Padding2d(Padding named) : is_same(named == Padding::same) {}

  constexpr Pair sizes() const { return {h, w}; }
};
struct Padding3d {
  Index d = 0;
  Index h = 0;
  Index w = 0;
  bool is_same = false;

  template <class I>
  requires std::is_integral_v<I>
  constexpr Padding3d(I all_three) : Padding3d(Triple(all_three)) {}
  template <class I, class J, class K>
  requires(std::is_integral_v<I>&& std::is_integral_v<J>&&
               std::is_integral_v<K>) constexpr Padding3d(I along_d, J along_h, K along_w)
      : Padding3d(Triple(along_d, along_h, along_w)) {}
  constexpr Padding3d(Triple sizes) : d(sizes.d), h(sizes.h), w(sizes.w) {}
  constexpr Padding3d(Padding named) : is_same(named == Padding::same) {}

  constexpr Triple sizes() const { return {d, h, w}; }
};

}  // namespace tenon
