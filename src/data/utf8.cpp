#include "data/utf8.hpp"

namespace tenon::detail {
namespace {

unsigned byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

bool is_between(unsigned c, unsigned first, unsigned last) { return c >= first && c <= last; }

/// Two bytes hold the characters from U+0080 to U+07FF.
unsigned decode_pair(std::string_view text) {
  return (byte_at(text, 0) & 0x1fU) << 6 | (byte_at(text, 1) & 0x3fU);
}

unsigned lower_latin(unsigned c) {
  if (is_between(c, 0xC0, 0xDE)) return c == 0xD7 ? c : c + 0x20;  // 0xD7 is a multiplication sign
  if (c == 0x178) return 0xFF;
  // Pairs of a capital and its small letter: the capital is even in some stretches, odd in others.
  const bool even =
      is_between(c, 0x100, 0x12F) || is_between(c, 0x132, 0x137) || is_between(c, 0x14A, 0x177);
  const bool odd = is_between(c, 0x139, 0x148) || is_between(c, 0x179, 0x17E);
  return (even && c % 2 == 0) || (odd && c % 2 == 1) ? c + 1 : c;
}

unsigned lower_greek(unsigned c) {
  if (c == 0x386) return 0x3AC;
  if (is_between(c, 0x388, 0x38A)) return c + 0x25;
  if (c == 0x38C) return 0x3CC;
  if (is_between(c, 0x38E, 0x38F)) return c + 0x3F;
  return is_between(c, 0x391, 0x3AB) && c != 0x3A2 ? c + 0x20 : c;
}

unsigned lower_cyrillic(unsigned c) {
  if (is_between(c, 0x400, 0x40F)) return c + 0x50;
  return is_between(c, 0x410, 0x42F) ? c + 0x20 : c;
}

unsigned lower(unsigned c) {
  if (c < 0x180) return lower_latin(c);
  if (is_between(c, 0x386, 0x3AB)) return lower_greek(c);
  return is_between(c, 0x400, 0x42F) ? lower_cyrillic(c) : c;
}

}  // namespace

std::size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  const unsigned lead = byte_at(text, 0);
  if (lead < 0x80) return 1;
  if (!is_between(lead, 0xC2, 0xF4)) return 0;
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (text.size() < length) return 0;
  // The second byte is where forms too long, surrogates and numbers too large show.
  const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (!is_between(byte_at(text, 1), low, high)) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (!is_between(byte_at(text, i), 0x80, 0xBF)) return 0;
  }
  return length;
}

std::size_t find_invalid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text.substr(i));
    if (length == 0) return i;
    i += length;
  }
  return std::string_view::npos;
}

void append_lower(std::string& to, std::string_view text, std::size_t length) {
  if (length == 1) {
    const char c = text[0];
    to += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  } else if (length == 2) {
    const unsigned c = lower(decode_pair(text));
    to += static_cast<char>(0xC0 | c >> 6);
    to += static_cast<char>(0x80 | (c & 0x3f));
  } else {
    to.append(text.substr(0, length));
  }
}

}  // namespace tenon::detail
