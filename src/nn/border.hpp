#pragma once

#include <string>

#include "tenon/base/error.hpp"
#include "tenon/ops/pad.hpp"

// What a convolutional layer with another padding_mode than zeros puts around x before it
// convolves.

namespace tenon::detail {

/// Along one axis: as much as makes y as large as x, an odd position more behind, where the padding
/// is Padding::same.
inline PadWidth border_width(Index padding, bool is_same, Index kernel, Index dilation) {
  if (!is_same) return padding;
  const Index total = dilation * (kernel - 1);
  return {total / 2, total - total / 2};
}

/// x as it is for zeros, which the convolution itself takes care of.
template <class T>
BasicTensor<T> with_border(const BasicTensor<T>& x, PadMode mode,
                           std::initializer_list<PadWidth> widths) {
  return mode == PadMode::constant ? x : pad(x, widths, {.mode = mode});
}

/// What the operation is asked for by the layer of these options.
template <class CallOptions, class LayerOptions>
CallOptions call_options(const LayerOptions& o) {
  const bool zeros = o.padding_mode == PadMode::constant;
  return {o.stride, zeros ? o.padding : 0, o.dilation, o.groups};
}

inline void check_border(const char* layer, PadMode mode, bool is_same, bool has_stride) {
  if (mode == PadMode::constant || !is_same || !has_stride) return;
  fail<ValueError>(layer, "padding same needs stride 1; hint: give the padding as a number");
}

/// ", padding 1, padding_mode reflect"; padding: as text, empty for none.
inline std::string border_text(const std::string& padding, bool is_same, PadMode mode) {
  constexpr const char* names[] = {"", "reflect", "replicate", "circular"};
  std::string text = is_same ? ", padding same" : padding;
  if (mode != PadMode::constant)
    text.append(", padding_mode ").append(names[static_cast<int>(mode)]);
  return text;
}

}  // namespace tenon::detail
