#pragma once

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace tenon::detail {

/// CRC-32 (that of zip and PNG) of a stream of bytes.
class Checksum {
 public:
  void add(const void* bytes, std::uint64_t count) {
    constexpr std::uint64_t largest_piece = std::uint64_t{1} << 30;
    const auto* from = static_cast<const Bytef*>(bytes);
    while (count > 0) {
      const std::uint64_t piece = std::min(count, largest_piece);
      value_ = ::crc32(value_, from, static_cast<uInt>(piece));
      from += piece;
      count -= piece;
    }
  }

  /// Eight lower-case hexadecimal digits.
  std::string text() const {
    std::string digits(text_length, '0');
    for (std::size_t i = 0; i < text_length; ++i) {
      digits[text_length - 1 - i] = "0123456789abcdef"[(value_ >> (4 * i)) & 15];
    }
    return digits;
  }

  static constexpr std::size_t text_length = 8;
  /// What stands for the digits in the bytes that they are computed from.
  static constexpr std::string_view placeholder = "00000000";

 private:
  uLong value_ = 0;
};

}  // namespace tenon::detail
