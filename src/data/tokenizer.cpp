#include "tenon/data/tokenizer.hpp"

#include <utility>

#include "data/utf8.hpp"
#include "tenon/base/error.hpp"

namespace tenon::data {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

/// Beyond ASCII: the control characters U+0080 to U+009F, which old texts hold where their dashes
/// were, and the no-break space U+00A0.
bool is_wide_blank(std::string_view character) {
  return character.size() == 2 && character[0] == '\xC2' &&
         static_cast<unsigned char>(character[1]) <= 0xA0;
}

}  // namespace

Tokenizer::Tokenizer(const TokenizerOptions& options)
    : lower_(options.lower), punctuation_(options.punctuation) {
  for (int c = 0; c < 128; ++c) kinds_[c] = c <= ' ' || c == 127 ? Kind::blank : Kind::letter;
  if (punctuation_ == Punctuation::keep) return;
  for (const char c : options.filters) {
    if (static_cast<unsigned char>(c) >= 128) {
      detail::fail<ValueError>("Tokenizer", "filters hold '", options.filters,
                               "', in which not all is ASCII; hint: other characters stay in the "
                               "words; replace them in the text beforehand");
    }
    Kind& kind = kinds_[static_cast<unsigned char>(c)];
    if (kind == Kind::letter) kind = Kind::punctuation;
  }
}

std::vector<std::string> Tokenizer::operator()(std::string_view text) const {
  std::vector<std::string> words;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) words.push_back(std::exchange(word, {}));
  };
  while (!text.empty()) {
    const std::size_t length = detail::utf8_length(text);
    const auto byte = static_cast<unsigned char>(text[0]);
    if (length == 0) {
      word += replacement;
    } else if (length > 1 ? is_wide_blank(text.substr(0, length)) : kinds_[byte] == Kind::blank) {
      end_word();
    } else if (length == 1 && kinds_[byte] == Kind::punctuation) {
      end_word();
      if (punctuation_ == Punctuation::split) words.emplace_back(1, text[0]);
    } else if (lower_) {
      detail::append_lower(word, text, length);
    } else {
      word.append(text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  end_word();
  return words;
}

}  // namespace tenon::data
