#pragma once

#include <string>

#include "ops/window.hpp"
#include "tenon/tensor/impl.hpp"

// Checks of the convolutions along one axis and along three, before conv2d computes them: its own
// messages would speak of images.

namespace tenon::detail {

/// What is known of each axis along which the kernel slides.
struct ConvAxis {
  const char* name;  ///< "L"
  Index stride, padding, dilation;
};

inline void check_conv_option(const char* op, const char* name, Index value, Index least) {
  if (value >= least && value <= max_window_option) [[likely]]
    return;
  fail<ValueError>(op, name, " must lie in [", least, ", ", max_window_option, "] but is ", value,
                   "; hint: it is counted in positions");
}

/// "x (N=2, C=3, L=5), weight (4, 3, 2)"
inline std::string operands_text(const Shape& x, const char* letters, const Shape& w) {
  return "x " + to_string(x, letters) + ", weight " + to_string(w);
}

inline void check_conv_ranks(const char* op, const char* letters, const Shape& x,
                             const char* w_axes, const Shape& w, int rank) {
  if (x.rank() != rank) {
    fail<ShapeError>(
        op, "x must have ", rank, " axes, the letters of ", letters, ", but its shape is ", x,
        x.rank() == rank - 1 ? "; hint: x.unsqueeze(0) makes a batch of one" : "; hint: reshape x");
  }
  if (w.rank() != rank) {
    fail<ShapeError>(op, "weight must have ", rank, " axes ", w_axes, " but its shape is ", w,
                     "; hint: reshape it");
  }
}

inline void check_conv_bias(const char* op, const TensorImpl* b, Index channels) {
  if (b == nullptr || b->shape == Shape{channels}) return;
  fail<ShapeError>(op, "bias must have shape (O=", channels, ") but has ", b->shape,
                   "; hint: it holds one number for each output channel");
}

/// Of weight (O, C/groups, kernel...).
inline void check_conv_channels(const char* op, const char* letters, const Shape& x, const Shape& w,
                                Index groups) {
  if (groups < 1) {
    fail<ValueError>(op, "groups must be at least 1 but is ", groups,
                     "; hint: 1 connects all channels, C makes the convolution depthwise");
  }
  if (x[1] % groups != 0 || w[0] % groups != 0) {
    fail<ShapeError>(op, "groups = ", groups, " must divide the input channels C = ", x[1],
                     " and the output channels O = ", w[0], ": ", operands_text(x, letters, w),
                     "; hint: choose a common divisor of both");
  }
  if (x[1] == w[1] * groups) [[likely]]
    return;
  fail<ShapeError>(op, "weight expects ", w[1] * groups, " input channels but x has ", x[1], ": ",
                   operands_text(x, letters, w),
                   x.at(-1) == w[1] * groups
                       ? "; hint: x has its channels last: move them to the second axis, as "
                         "x.transpose(1, -1) does in sequences"
                       : "; hint: the number of channels that a layer expects must be that of its "
                         "input");
}

/// Axis i of the window is axis 2 + i of x and of the weight. Returns nothing: sizes follow from
/// window_count.
inline void check_conv_window(const char* op, const char* letters, const Shape& x, const Shape& w,
                              const ConvAxis* axes, int count) {
  for (int i = 0; i < count; ++i) {
    const auto [name, stride, padding, dilation] = axes[i];
    check_conv_option(op, "stride", stride, 1);
    check_conv_option(op, "padding", padding, 0);
    check_conv_option(op, "dilation", dilation, 1);
    const Index extent = window_extent(w[2 + i], dilation);
    if (w[2 + i] >= 1 && window_count(x[2 + i], extent, stride, padding) >= 1) continue;
    fail<ShapeError>(op, "the kernel spans ", extent, " positions along ", name,
                     " but the padded axis has ", x[2 + i] + 2 * padding, ": ",
                     operands_text(x, letters, w),
                     "; hint: pad x, or take a smaller kernel or fewer layers that shrink it");
  }
}

inline void check_same_stride(const char* op, Index stride) {
  if (stride == 1) return;
  fail<ValueError>(op, "padding same needs stride 1 but stride is ", stride,
                   "; hint: with a stride y is smaller than x whatever the padding; give it as a "
                   "number");
}

}  // namespace tenon::detail
