#pragma once

#include <limits>
#include <type_traits>

#include "tenon/base/shape.hpp"

namespace tenon {

/// The positions start, start + step, ... below stop of one axis, as Python's start:stop:step.
/// Negative start and stop count from the end; both are clipped to the axis; step >= 1.
struct Slice {
  static constexpr Index end = std::numeric_limits<Index>::max();
  Index start = 0;
  Index stop = end;
  Index step = 1;
};

/// A whole axis, as Python's ":".
inline constexpr Slice all{};

/// As many whole axes as the other entries leave, Python's "...".
struct Ellipsis {};
inline constexpr Ellipsis ellipsis{};

/// A new axis of size 1, NumPy's np.newaxis (None).
struct NewAxis {};
inline constexpr NewAxis newaxis{};

/// One entry of BasicTensor::index: a position (which drops the axis), a Slice, ellipsis or
/// newaxis.
struct IndexItem {
  enum class Kind : unsigned char { position, slice, rest, new_axis };

  template <class I>
  requires std::is_integral_v<I>
  constexpr IndexItem(I position) : slice{static_cast<Index>(position)}, kind(Kind::position) {}
  constexpr IndexItem(Slice s) : slice(s), kind(Kind::slice) {}
  constexpr IndexItem(Ellipsis) : kind(Kind::rest) {}
  constexpr IndexItem(NewAxis) : kind(Kind::new_axis) {}

  Slice slice;  ///< of a position its start
  Kind kind;
};

}  // namespace tenon
