#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/count_text.hpp"
#include "tenon/base/error.hpp"
#include "tenon/base/shape.hpp"

namespace tenon::detail {

/// Text as it may stand in HTML, also in an attribute: markup is escaped, and U+FFFD stands for
/// what is not UTF-8 and for control characters besides tabs and line ends.
std::string escape(std::string_view text);

/// The number of characters; a byte that is not UTF-8 counts as one.
Index characters_of(std::string_view text);
/// The first `count` characters, and "…" where that is not all.
std::string shortened(std::string_view text, Index count);
/// The same, then how many were left out.
std::string cut_text(std::string_view text, Index count);

/// Four significant digits: "0.9871", "12,345", "1.2e-5", "NaN".
std::string number_text(double value);
/// Six significant digits, all of a whole number, that a script reads as a number.
std::string plain_text(double value);
/// Exactly so many digits after the point.
std::string fixed_text(double value, int digits);
/// "1 epoch", "2 epochs".
std::string plural_text(Index count, std::string_view thing);
/// As HTML: "98.7 %", "&gt; 99.9 %" where it is not all, "&lt; 0.1 %" where it is not nothing; "–"
/// for NaN.
std::string percent_text(double share);

/// Text or a whole number, to be appended; it refers to the text.
class TextPart {
 public:
  TextPart(const char* text) : text_(text) {}
  TextPart(std::string_view text) : text_(text) {}
  TextPart(const std::string& text) : text_(text) {}
  template <class I>
  requires std::is_integral_v<I> TextPart(I number)
      : number_(static_cast<Index>(number)), is_number_(true) {}

  void append_to(std::string& out) const;

 private:
  std::string_view text_;
  Index number_ = 0;
  bool is_number_ = false;
};

/// Appends all parts.
void append(std::string& out, std::initializer_list<TextPart> parts);

/// Names of `count` things: those given, "(empty)" for "", or, without any, their numbers. Long
/// ones are shortened. Throws ValueError where they are not as many.
std::vector<std::string> names_or_numbers(std::string_view op, std::string_view what,
                                          const std::vector<std::string>& names, Index count);

}  // namespace tenon::detail
