#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/base/config.hpp"
#include "tenon/base/shape.hpp"

namespace tenon::data {

/// How often each word occurs: what a vocabulary is made of.
class TENON_API WordCounter {
 public:
  WordCounter();
  ~WordCounter();
  WordCounter(WordCounter&&) noexcept;
  WordCounter& operator=(WordCounter&&) noexcept;

  /// Counts the words of a text. Throws ValueError for a word that is empty, not UTF-8, or holds
  /// white space.
  void add(const std::vector<std::string>& words);

  /// How often the word came.
  Index count(std::string_view word) const;
  /// How many different words there are, and how many in all.
  Index size() const;
  Index total() const;

 private:
  friend class Vocabulary;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct VocabularyOptions {
  Index max_size = 0;   ///< ids in all, the three special ones among them, >= 3; 0: no limit
  Index min_count = 1;  ///< words that are rarer are left out
};

/// Numbers words by frequency, as Keras' imdb does: 0 pads, 1 starts a text, 2 stands for unknown
/// words, words begin at 3. Words that are equally frequent stand in the order of their bytes.
///   data::WordCounter counter;
///   for (const auto& text : texts) counter.add(tokenizer(text));
///   data::Vocabulary vocabulary(counter, {.max_size = 10000});
///   std::vector<Index> ids = vocabulary.encode(tokenizer(text));
/// A handle, cheap to copy; it never changes.
class TENON_API Vocabulary {
 public:
  static constexpr Index pad = 0, start = 1, unknown = 2, first_word = 3;

  /// Throws ValueError for an option out of its range.
  explicit Vocabulary(const WordCounter& counter, const VocabularyOptions& options = {});

  /// The number of ids, special ones included: what nn::Embedding wants to know.
  Index size() const;
  bool contains(std::string_view word) const { return id(word) != unknown; }
  /// The word's id, `unknown` where it has none.
  Index id(std::string_view word) const;
  /// The word of an id; "<pad>", "<start>", "<unknown>" for the special ones. Throws IndexError.
  const std::string& word(Index id) const;
  /// How often the word of an id was counted, 0 for the special ones. Throws IndexError.
  Index count(Index id) const;

  /// The ids of a text's words, behind `start` where with_start is set.
  std::vector<Index> encode(const std::vector<std::string>& words, bool with_start = false) const;
  /// The words of some ids, separated by blanks, without padding. Throws IndexError.
  std::string decode(const std::vector<Index>& ids) const;

  /// Writes a text file: a line "tenon-vocabulary 1 N", then N lines "word<TAB>count" in the order
  /// of ids from 3 on. Throws IoError; then what stood there before is unchanged.
  void save(const std::string& path) const;
  /// Reads such a file. Throws IoError where it cannot be read or is damaged, naming the line.
  static Vocabulary load(const std::string& path);

 private:
  struct Impl;
  explicit Vocabulary(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  void check(const char* op, Index id) const;

  std::shared_ptr<const Impl> impl_;
};

}  // namespace tenon::data
