#include "tenon/data/vocabulary.hpp"

#include <algorithm>
#include <charconv>
#include <unordered_map>
#include <utility>

#include "data/text_file.hpp"
#include "data/utf8.hpp"
#include "tenon/base/error.hpp"

namespace tenon::data {
namespace {

/// Finds a string_view without making a string of it.
struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>()(text);
  }
};
using Counts = std::unordered_map<std::string, Index, Hash, std::equal_to<>>;

/// Why it cannot be a word of a vocabulary; "" where it can.
std::string_view fault_of(std::string_view word) {
  if (word.empty()) return "is empty";
  for (const char c : word) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 127) {
      return "holds white space or a control character";
    }
  }
  return detail::find_invalid_utf8(word) == std::string_view::npos ? "" : "is not UTF-8";
}

struct Entry {
  std::string word;
  Index count;
};

}  // namespace

struct WordCounter::Impl {
  Counts counts;
  Index total = 0;
};

WordCounter::WordCounter() : impl_(std::make_unique<Impl>()) {}
WordCounter::~WordCounter() = default;
WordCounter::WordCounter(WordCounter&&) noexcept = default;
WordCounter& WordCounter::operator=(WordCounter&&) noexcept = default;

void WordCounter::add(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    const auto [place, is_new] = impl_->counts.try_emplace(word, 0);
    if (is_new) {
      if (const std::string_view fault = fault_of(word); !fault.empty()) {
        impl_->counts.erase(place);
        detail::fail<ValueError>("WordCounter::add", "the word '", word, "' ", fault,
                                 "; hint: cut texts into words by a data::Tokenizer");
      }
    }
    ++place->second;
    ++impl_->total;
  }
}

Index WordCounter::count(std::string_view word) const {
  const auto found = impl_->counts.find(word);
  return found == impl_->counts.end() ? 0 : found->second;
}
Index WordCounter::size() const { return static_cast<Index>(impl_->counts.size()); }
Index WordCounter::total() const { return impl_->total; }

struct Vocabulary::Impl {
  std::vector<Entry> entries{{"<pad>", 0}, {"<start>", 0}, {"<unknown>", 0}};
  std::unordered_map<std::string_view, Index> ids;  // views of the entries, which never move

  /// Once all entries are there. Returns the id of the first word that came before; 0 for none.
  Index number_words() {
    ids.reserve(entries.size());
    for (std::size_t i = first_word; i < entries.size(); ++i) {
      if (!ids.emplace(entries[i].word, static_cast<Index>(i)).second) {
        return static_cast<Index>(i);
      }
    }
    return 0;
  }
};

Vocabulary::Vocabulary(const WordCounter& counter, const VocabularyOptions& options) {
  if (options.max_size != 0 && options.max_size < first_word) {
    detail::fail<ValueError>("Vocabulary", "max_size is ", options.max_size,
                             "; hint: at least 3, since padding, start and unknown words have ids; "
                             "0 for no limit");
  }
  auto impl = std::make_shared<Impl>();
  for (const auto& [word, count] : counter.impl_->counts) {
    if (count >= options.min_count) impl->entries.push_back({word, count});
  }
  std::sort(impl->entries.begin() + first_word, impl->entries.end(),
            [](const Entry& a, const Entry& b) {
              return a.count != b.count ? a.count > b.count : a.word < b.word;
            });
  const auto limit = static_cast<std::size_t>(options.max_size);
  if (limit != 0 && impl->entries.size() > limit) impl->entries.resize(limit);
  impl->entries.shrink_to_fit();
  impl->number_words();
  impl_ = std::move(impl);
}

Index Vocabulary::size() const { return static_cast<Index>(impl_->entries.size()); }

Index Vocabulary::id(std::string_view word) const {
  const auto found = impl_->ids.find(word);
  return found == impl_->ids.end() ? unknown : found->second;
}

void Vocabulary::check(const char* op, Index id) const {
  if (id >= 0 && id < size()) [[likely]]
    return;
  detail::fail<IndexError>(op, "there is no word ", id, " in a vocabulary of ", size(),
                           " ids; hint: ids go from 0 to ", size() - 1);
}

const std::string& Vocabulary::word(Index id) const {
  check("Vocabulary::word", id);
  return impl_->entries[static_cast<std::size_t>(id)].word;
}

Index Vocabulary::count(Index id) const {
  check("Vocabulary::count", id);
  return impl_->entries[static_cast<std::size_t>(id)].count;
}

std::vector<Index> Vocabulary::encode(const std::vector<std::string>& words,
                                      bool with_start) const {
  std::vector<Index> ids;
  ids.reserve(words.size() + 1);
  if (with_start) ids.push_back(start);
  for (const std::string& word : words) ids.push_back(id(word));
  return ids;
}

std::string Vocabulary::decode(const std::vector<Index>& ids) const {
  std::string text;
  for (const Index i : ids) {
    check("Vocabulary::decode", i);
    if (i == pad) continue;
    if (!text.empty()) text += ' ';
    text += word(i);
  }
  return text;
}

namespace {

constexpr std::string_view magic = "tenon-vocabulary 1 ";

/// Takes a number off the front of text; false where there is none.
bool take_number(std::string_view& text, Index& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

/// A vocabulary's file, read line by line.
class Lines {
 public:
  Lines(std::string_view op, const std::string& path)
      : op_(op), path_(path), text_(detail::read_text(op, path)), rest_(text_) {}

  bool at_end() const { return rest_.empty(); }
  std::string_view next() {
    ++number_;
    const std::size_t end = rest_.find('\n');
    if (end == std::string_view::npos) fail("is cut off; hint: a truncated file?");
    const std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return line;
  }
  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    detail::fail<IoError>(op_, path_, ": line ", number_, " ", parts...);
  }

 private:
  std::string_view op_;
  const std::string& path_;
  std::string text_;
  std::string_view rest_;
  Index number_ = 0;
};

Entry parse_entry(std::string_view line, const Lines& lines) {
  const std::size_t tab = line.find('\t');
  Entry entry{std::string(line.substr(0, tab)), 0};
  if (const std::string_view fault = fault_of(entry.word); !fault.empty()) {
    lines.fail("has a word that ", fault, "; hint: the file is damaged");
  }
  std::string_view rest = tab == std::string_view::npos ? "" : line.substr(tab + 1);
  if (!take_number(rest, entry.count) || !rest.empty()) {
    lines.fail("is not 'word<TAB>count'; hint: the file is damaged");
  }
  return entry;
}

}  // namespace

void Vocabulary::save(const std::string& path) const {
  std::string text(magic);
  text += std::to_string(size() - first_word) + '\n';
  for (auto i = static_cast<std::size_t>(first_word); i < impl_->entries.size(); ++i) {
    const Entry& entry = impl_->entries[i];
    text += entry.word + '\t' + std::to_string(entry.count) + '\n';
  }
  detail::write_text("Vocabulary::save", path, text);
}

Vocabulary Vocabulary::load(const std::string& path) {
  Lines lines("Vocabulary::load", path);
  std::string_view head = lines.next();
  Index words = 0;
  if (!head.starts_with(magic) || (head.remove_prefix(magic.size()), !take_number(head, words)) ||
      !head.empty()) {
    lines.fail(
        "is not 'tenon-vocabulary 1 N'; hint: the file was not written by "
        "Vocabulary::save");
  }
  auto impl = std::make_shared<Impl>();
  while (!lines.at_end()) impl->entries.push_back(parse_entry(lines.next(), lines));
  impl->entries.shrink_to_fit();
  const Index found = static_cast<Index>(impl->entries.size()) - first_word;
  if (found != words) {
    detail::fail<IoError>("Vocabulary::load", path, ": holds ", found, " words but promises ",
                          words, "; hint: a truncated file?");
  }
  if (const Index twice = impl->number_words(); twice != 0) {
    detail::fail<IoError>("Vocabulary::load", path, ": holds the word '",
                          impl->entries[static_cast<std::size_t>(twice)].word,
                          "' twice; hint: the file is damaged");
  }
  return Vocabulary(std::shared_ptr<const Impl>(std::move(impl)));
}

}  // namespace tenon::data
