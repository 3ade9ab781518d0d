#include "train/report_image.hpp"

#include <zlib.h>

#include <algorithm>
#include <cmath>

#include "tenon/base/error.hpp"

namespace tenon::detail {

namespace {

constexpr ReportPixel nan_pixel{204, 0, 153, 255};

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes += static_cast<char>(static_cast<unsigned char>(value >> shift));
  }
  return bytes;
}

const Bytef* bytes_of(const std::string& text) {
  return reinterpret_cast<const Bytef*>(text.data());
}

std::string chunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  const uLong sum = ::crc32(0, bytes_of(body), static_cast<uInt>(body.size()));
  return big_endian(static_cast<std::uint32_t>(data.size())) + body +
         big_endian(static_cast<std::uint32_t>(sum));
}

std::string compressed(const std::string& data) {
  uLongf size = ::compressBound(static_cast<uLong>(data.size()));
  std::string out(size, '\0');
  const int result = ::compress2(reinterpret_cast<Bytef*>(out.data()), &size, bytes_of(data),
                                 static_cast<uLong>(data.size()), Z_BEST_COMPRESSION);
  if (result != Z_OK) fail<Error>("Report", "no memory to compress an image");
  out.resize(size);
  return out;
}

std::string png(const ReportImage& image) {
  const auto is_opaque = [](const ReportPixel& pixel) { return pixel[3] == 255; };
  const bool has_opacity = !std::all_of(image.pixels.begin(), image.pixels.end(), is_opaque);
  const std::size_t channels = has_opacity ? 4 : 3;
  std::string rows;
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    if (i % static_cast<std::size_t>(image.width) == 0) rows += '\0';  // no filter
    for (std::size_t c = 0; c < channels; ++c) rows += static_cast<char>(image.pixels[i][c]);
  }
  const char colour_type = has_opacity ? 6 : 2;
  const std::string header = big_endian(static_cast<std::uint32_t>(image.width)) +
                             big_endian(static_cast<std::uint32_t>(image.height)) +
                             std::string{8, colour_type, 0, 0, 0};
  return "\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + chunk("IDAT", compressed(rows)) +
         chunk("IEND", "");
}

std::string base64(const std::string& bytes) {
  static constexpr char digits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve(bytes.size() / 3 * 4 + 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      const std::uint32_t byte =
          i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U;
      group = group << 8 | byte;
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += i + k <= bytes.size() ? digits[(group >> (18 - 6 * k)) & 63] : '=';
    }
  }
  return out;
}

std::uint8_t to_byte(double value) {
  return static_cast<std::uint8_t>(std::lround(255 * std::clamp(value, 0.0, 1.0)));
}

}  // namespace

std::string data_uri(const ReportImage& image) {
  return "data:image/png;base64," + base64(png(image));
}

ReportPixel grey_pixel(double value) { return rgb_pixel(value, value, value); }

ReportPixel rgb_pixel(double red, double green, double blue) {
  if (std::isnan(red) || std::isnan(green) || std::isnan(blue)) return nan_pixel;
  return {to_byte(red), to_byte(green), to_byte(blue), 255};
}

ReportPixel opacity_pixel(double value) {
  if (std::isnan(value)) return nan_pixel;
  return {20, 96, 190, to_byte(value)};
}

ReportPixel signed_pixel(double value) {
  if (std::isnan(value)) return nan_pixel;
  constexpr std::array<double, 3> negative{0.02, 0.32, 0.62}, positive{0.80, 0.33, 0.0};
  const std::array<double, 3>& end = value < 0 ? negative : positive;
  const double share = std::min(std::abs(value), 1.0);
  const auto mix = [&](std::size_t i) { return 0.97 + share * (end[i] - 0.97); };
  return rgb_pixel(mix(0), mix(1), mix(2));
}

}  // namespace tenon::detail
