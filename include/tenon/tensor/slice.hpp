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

/// One entry of BasicTensor::index: a position (which drops the axis) or a Slice.
struct IndexItem {
  template <class I>
  requires std::is_integral_v<I>
  constexpr IndexItem(I position) : slice{static_cast<Index>(position)}, is_position(true) {}
  constexpr IndexItem(Slice s) : slice(s) {}

  Slice slice;
  bool is_position = false;
};

}  // namespace tenon
