#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tenon/base/shape.hpp"

namespace tenon::detail {

/// Pixels as a decoder gives them: row by row, the channels of a pixel side by side.
struct DecodedImage {
  struct Free {
    void operator()(std::uint8_t* block) const;
  };
  Index height = 0, width = 0, channels = 0;
  std::unique_ptr<std::uint8_t, Free> pixels;
};

/// Whether this build can decode images.
bool has_image_decoder();

/// Decodes a PNG or JPEG file to that many channels (1, 3 or 4). Throws IoError that names the file
/// where it is damaged or claims more than it can hold, ValueError without a decoder.
DecodedImage decode_image(std::string_view op, const std::string& path, Index channels);

}  // namespace tenon::detail
