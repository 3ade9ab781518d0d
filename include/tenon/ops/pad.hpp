#pragma once

#include <concepts>
#include <initializer_list>

#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// Positions that an axis gains in front of its first and behind its last one: 2 means {2, 2}.
/// Negative numbers cut off as many.
struct PadWidth {
  Index before;
  Index after;

  template <class I>
  requires std::is_integral_v<I>
  constexpr PadWidth(I both) : before(static_cast<Index>(both)), after(static_cast<Index>(both)) {}
  template <class I, class J>
  requires(std::is_integral_v<I>&& std::is_integral_v<J>) constexpr PadWidth(I in_front, J behind)
      : before(static_cast<Index>(in_front)), after(static_cast<Index>(behind)) {}
};

/// What stands at the new positions of a b c d.
enum class PadMode {
  constant,   ///< 0 0 | a b c d | 0 0, or another value
  reflect,    ///< c b | a b c d | c b: mirrored, the edge itself once; less than the axis has
  replicate,  ///< a a | a b c d | d d
  circular    ///< c d | a b c d | a b: at most as many as the axis has
};

struct PadOptions {
  PadMode mode = PadMode::constant;
  double value = 0;  ///< of constant
};

namespace detail {
template <class T>
TENON_API BasicTensor<T> pad(const BasicTensor<T>& x, const PadWidth* widths, Index count,
                             const PadOptions& options);
}  // namespace detail

/// x with more positions (or fewer) around its last axes, whose widths stand in their order:
///   pad(x, {{1, 2}, 3})     x (N, C, H, W)  ->  (N, C, 1 + H + 2, 3 + W + 3)
/// as numpy.pad names them; torch.nn.functional.pad has the same numbers from the last axis on
/// backwards, (3, 3, 1, 2). dx is dy, added up over all places that show an element, and of every
/// order. Throws ShapeError for more widths than axes and for widths that the mode or the axis does
/// not allow. Saves nothing.
template <std::floating_point T>
BasicTensor<T> pad(const BasicTensor<T>& x, std::initializer_list<PadWidth> widths,
                   const PadOptions& options = {}) {
  return detail::pad(x, widths.begin(), static_cast<Index>(widths.size()), options);
}

}  // namespace tenon
