#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tenon/base/shape.hpp"

namespace tenon::detail {

/// Red, green, blue and opacity.
using ReportPixel = std::array<std::uint8_t, 4>;

/// An image, row by row. Sizes are at least 1.
struct ReportImage {
  Index height;
  Index width;
  std::vector<ReportPixel> pixels;
};

/// The image as a PNG in a URI "data:image/png;base64,...". Source: the PNG specification, third
/// edition; RFC 4648.
std::string data_uri(const ReportImage& image);

/// 0 is black and 1 white; what lies outside counts as the nearer one, and NaN is magenta.
ReportPixel grey_pixel(double value);
ReportPixel rgb_pixel(double red, double green, double blue);
/// 0 is transparent and 1 opaque blue, for what is never negative.
ReportPixel opacity_pixel(double value);
/// -1 is blue, 0 white and 1 orange, which the colour-blind tell apart.
ReportPixel signed_pixel(double value);

}  // namespace tenon::detail
