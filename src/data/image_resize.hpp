#pragma once

#include "data/image_file.hpp"

namespace tenon::detail {

/// A part of an image, in pixels, of which the first one reaches from 0 to 1.
struct ImageBox {
  double top = 0, left = 0, height = 0, width = 0;
};

/// The largest part of an image of that size with the proportions of height : width, around its
/// centre.
ImageBox central_box(Index image_height, Index image_width, Index height, Index width);

/// The box of an image as bytes (channels, height, width).
///   out(y) = sum_i w(y, i) in(i) / sum_i w(y, i),
///   w(y, i) = max(0, 1 - |i + 1/2 - c| / max(1, s)),  c = top + (y + 1/2) s,  s = box / size
/// along each axis, rounded once. That is bilinear interpolation where the image grows, and an
/// average over what a pixel covers where it shrinks; pixels around the box count where w does.
void resize_image(const DecodedImage& image, const ImageBox& box, Index height, Index width,
                  std::uint8_t* out);

}  // namespace tenon::detail
