#pragma once

#include "tenon/base/error.hpp"
#include "tenon/ops/pair.hpp"

// Checks and sizes of operations that slide a window over an image.

namespace tenon::detail {

/// Sums of a few products of such numbers and sizes cannot overflow.
inline constexpr Index max_window_option = Index{1} << 30;

/// Throws ValueError where a part of the option is below least or absurdly large.
inline void check_window_option(const char* op, const char* name, Pair value, Index least) {
  const bool too_small = value.h < least || value.w < least;
  const bool too_large = value.h > max_window_option || value.w > max_window_option;
  if (!too_small && !too_large) [[likely]]
    return;
  fail<ValueError>(op, name, " must be at ", too_small ? "least " : "most ",
                   too_small ? least : max_window_option, " but is (", value.h, ", ", value.w,
                   "); hint: give one number for both image axes or {along H, along W}");
}

/// Pixels that a window covers from its first to its last tap.
inline Index window_extent(Index kernel, Index dilation) { return dilation * (kernel - 1) + 1; }

/// How many windows fit along one axis; 0 where none does.
inline Index window_count(Index size, Index extent, Index stride, Index padding) {
  const Index room = size + 2 * padding - extent;
  return room < 0 ? 0 : room / stride + 1;
}

}  // namespace tenon::detail
