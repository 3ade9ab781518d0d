#include "train/report_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "data/utf8.hpp"

namespace tenon::detail {

namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";

constexpr Index longest_name = 60;

/// At least 1, so that what is not UTF-8 is passed byte by byte.
std::size_t character_length(std::string_view text) {
  return std::max<std::size_t>(1, utf8_length(text));
}

std::string_view escaped(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return {};
  }
}

/// C0, C1 and DEL, which HTML does not allow in any form.
bool is_control(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) {
    return first == 0x7f || (first < 0x20 && first != '\t' && first != '\n');
  }
  return first == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0;
}

/// "1.2e-05" -> "1.2e-5".
std::string short_exponent(std::string text) {
  const std::size_t e = text.find('e');
  if (e == std::string::npos) return text;
  const std::size_t digits = text.find_first_not_of("+-0", e + 1);
  const std::string sign = text[e + 1] == '-' ? "-" : "";
  return text.substr(0, e + 1) + sign + text.substr(digits);
}

std::string to_digits(double value, std::chars_format format, int digits) {
  char text[400];  // the largest double has 309 digits
  return {text, std::to_chars(text, text + sizeof text, value, format, digits).ptr};
}

}  // namespace

void TextPart::append_to(std::string& out) const {
  if (is_number_) {
    out += std::to_string(number_);
  } else {
    out += text_;
  }
}

void append(std::string& out, std::initializer_list<TextPart> parts) {
  for (const TextPart& part : parts) part.append_to(out);
}

std::string escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text.substr(i));
    if (length == 0) {
      out += replacement;
      ++i;
      continue;
    }
    const std::string_view character = text.substr(i, length);
    i += length;
    if (character == "\r" && text.substr(i, 1) == "\n") continue;
    const std::string_view entity = escaped(character[0]);
    out += !entity.empty() ? entity : is_control(character) ? replacement : character;
  }
  return out;
}

Index characters_of(std::string_view text) {
  Index count = 0;
  for (std::size_t i = 0; i < text.size(); ++count) i += character_length(text.substr(i));
  return count;
}

std::string shortened(std::string_view text, Index count) {
  std::size_t end = 0;
  for (Index n = 0; n < count && end < text.size(); ++n) end += character_length(text.substr(end));
  return std::string(text.substr(0, end)) + (end < text.size() ? "…" : "");
}

std::string cut_text(std::string_view text, Index count) {
  const Index more = characters_of(text) - count;
  return shortened(text, count) +
         (more > 0 ? " (" + count_text(more) + " characters more)" : std::string());
}

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "infinity" : "-infinity";
  const double size = std::abs(value);
  if (value == 0) return "0";
  if (size >= 1e9 || size < 1e-4) {
    return short_exponent(to_digits(value, std::chars_format::general, 3));
  }
  if (size >= 999.95) return with_commas(to_digits(value, std::chars_format::fixed, 0));
  return to_digits(value, std::chars_format::general, 4);
}

std::string plain_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  if (std::abs(value) < 1e15 && value == std::round(value)) {
    return to_digits(value, std::chars_format::fixed, 0);
  }
  return to_digits(value, std::chars_format::general, 6);
}

std::string fixed_text(double value, int digits) {
  const std::string text = to_digits(value, std::chars_format::fixed, digits);
  return text.find_first_not_of("-0.") == std::string::npos && text[0] == '-' ? text.substr(1)
                                                                              : text;
}

std::string plural_text(Index count, std::string_view thing) {
  return count_text(count) + " " + std::string(thing) + (count == 1 ? "" : "s");
}

std::string percent_text(double share) {
  if (std::isnan(share)) return "–";
  if (share < 1 && share >= 0.9995) return "&gt; 99.9 %";
  if (share > 0 && share < 0.0005) return "&lt; 0.1 %";
  return fixed_text(100 * share, 1) + " %";
}

std::vector<std::string> names_or_numbers(std::string_view op, std::string_view what,
                                          const std::vector<std::string>& names, Index count) {
  std::vector<std::string> out = names;
  if (names.empty()) {
    for (Index i = 0; i < count; ++i) out.push_back(std::to_string(i));
  } else if (static_cast<Index>(names.size()) != count) {
    fail<ValueError>(op, "takes as many ", what, " as there are, ", count, ", or none; got ",
                     names.size());
  }
  for (std::string& name : out) name = name.empty() ? "(empty)" : shortened(name, longest_name);
  return out;
}

}  // namespace tenon::detail
