#pragma once

#include <algorithm>

#include "kernels/simd/channels_last.hpp"
#include "kernels/simd/winograd.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/kernels/conv2d.hpp"

/// Convolutions of 3x3 kernels by Winograd's F(2x2, 3x3). Of float alone: what is checked in double
/// is the convolution as it is defined.
namespace tenon::kernels {

/// A convolution of stride 1 and 3x3 kernels: images (N, C, H, W) with their padding, outputs
/// (N, O, out_h, out_w), the weight of channels c and o at c c_step + o o_step + tap.
struct WinogradConv {
  Index n, c, h, w;
  Index o, out_h, out_w;
  Index pad_h, pad_w;
  Index c_step, o_step;
  bool flip;  // taps in reverse order

  Index tiles_h() const { return (out_h + 1) / 2; }
  Index tiles_w() const { return (out_w + 1) / 2; }
  Index tiles() const { return tiles_h() * tiles_w(); }
};

/// y = the convolution of x with w.
inline WinogradConv winograd_forward(const Conv2dDims& d) {
  return {d.n, d.c, d.h, d.w, d.o, d.out_h, d.out_w, d.pad_h, d.pad_w, 9, 9 * d.c, false};
}
/// dx = the convolution of dy with the flipped w.
inline WinogradConv winograd_backward_input(const Conv2dDims& d) {
  return {d.n, d.o, d.out_h, d.out_w, d.c, d.h, d.w, 2 - d.pad_h, 2 - d.pad_w, 9 * d.c, 9, true};
}

/// Whether there is such a convolution at all.
inline bool is_winograd(const Conv2dDims& d) {
  return d.kh == 3 && d.kw == 3 && d.stride_h == 1 && d.stride_w == 1 && d.dilation_h == 1 &&
         d.dilation_w == 1 && d.groups == 1 && d.pad_h <= 2 && d.pad_w <= 2 && d.n > 0;
}

/// Whether it saves time, measured in multiplications: 16 for each tile and pair of channels
/// instead of 9 for each position, and the transforms of pixels, products and (for a batch of
/// eight) weights. Whatever the batch, since a sample's bits must not depend on the others.
inline bool winograd_pays(const WinogradConv& conv, Index positions) {
  if (conv.c < 16 || conv.o < 16) return false;
  const Index pairs = conv.c * conv.o;
  const Index transforms = conv.tiles() * 48 * (conv.c + conv.o) + 12 * pairs;
  return 16 * conv.tiles() * pairs + transforms < 8 * positions * pairs;
}

/// The frequencies of the weights, in panels of output channels; the same for all sizes of images.
class WinogradWeights {
 public:
  WinogradWeights(const WinogradConv& conv, const float* w);
  bool fit(const WinogradConv&) const { return true; }
  const Panels<float>& panels() const { return panels_; }
  /// Frequency f from input channel c on in one panel, a row for each.
  const float* at(Index f, Index panel, Index c) const {
    return values_.data() + place(f, panel, c);
  }

 private:
  Index place(Index f, Index panel, Index c) const {
    return (f * panels_.padded() + panels_.place(panel)) * c_ + c * panels_.width(panel);
  }

  Index c_;
  Panels<float> panels_;
  detail::Scratch<float> values_;
};

/// y = the convolution + bias (b may be null), then the epilogue. Outputs are not what they should
/// be where they are not finite: a transform mixes neighbouring pixels. failed[n] says of every
/// sample whether it has such outputs, which have to be computed in another way.
void conv2d_winograd(const WinogradConv& conv, const WinogradWeights& weights, const float* x,
                     const float* b, const ConvEpilogue& epilogue, float* y, bool* failed);

/// dw = the gradient of a forward convolution's weights; false where a value is not finite, and
/// therefore maybe wrong.
bool conv2d_winograd_backward_weight(const Conv2dDims& dims, const float* dy, const float* x,
                                     float* dw);

/// Products that are summed in registers: fewer than elsewhere (k_block), since the last transform
/// adds up the errors of nine sums. So the error stays that of the convolution as it is defined.
inline constexpr Index winograd_k_block = 192;

/// What both have in common: blocks of tiles.
namespace winograd {

/// Tiles [row, row + rows) x all columns of images [image, image + images).
struct Block {
  Index image, images, row, rows;
};

/// The tiles of all images in blocks of about so many: some rows of one image, or several images.
class Blocks {
 public:
  Blocks(const WinogradConv& conv, Index tiles)
      : groups_(conv.n, std::clamp<Index>(tiles / conv.tiles(), 1, std::max<Index>(1, conv.n / 8))),
        rows_(conv.tiles_h(), std::clamp<Index>(tiles / conv.tiles_w(), 1, conv.tiles_h())),
        most_tiles_(groups_.width() * rows_.width() * conv.tiles_w()) {}
  Index count() const { return groups_.count() * rows_.count(); }
  Block operator[](Index i) const {
    const Index group = i / rows_.count(), part = i % rows_.count();
    return {groups_.begin(group), groups_.size(group), rows_.begin(part), rows_.size(part)};
  }
  Index most_rows() const { return rows_.width(); }
  Index most_tiles() const { return most_tiles_; }

 private:
  EvenSplit groups_, rows_;
  Index most_tiles_;
};

/// Values between frequencies: an odd number of cache lines, so that 16 of them do not compete for
/// the same places in the cache.
inline Index frequency_step(Index tiles, Index width) {
  return (tiles * width + 15) / 16 * 16 | 16;
}

}  // namespace winograd
}  // namespace tenon::kernels
