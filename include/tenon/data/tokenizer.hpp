#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tenon/base/config.hpp"

namespace tenon::data {

/// What becomes of punctuation: it separates words and is dropped, it becomes a word of its own, or
/// it stays part of the word that it touches.
enum class Punctuation { remove, split, keep };

struct TokenizerOptions {
  bool lower = true;  ///< capital letters (Latin, Greek, Cyrillic) become small
  Punctuation punctuation = Punctuation::remove;
  /// What counts as punctuation, ASCII. As Keras' Tokenizer: all of it but the apostrophe, which
  /// holds "don't" together.
  std::string filters = "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~";
};

/// Cuts a text into words, as Keras' Tokenizer does:
///   data::Tokenizer tokenizer;
///   tokenizer("Don't look UP, now!")  ->  don't look up now
/// White space and control characters separate words. Texts are UTF-8; what is not becomes U+FFFD,
/// so that words are always UTF-8.
class TENON_API Tokenizer {
 public:
  /// Throws ValueError where filters holds something that is not ASCII.
  explicit Tokenizer(const TokenizerOptions& options = {});

  std::vector<std::string> operator()(std::string_view text) const;

 private:
  enum class Kind : unsigned char { letter, blank, punctuation };

  bool lower_;
  Punctuation punctuation_;
  Kind kinds_[128];
};

}  // namespace tenon::data
