#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::test {

/// What a terminal shows of a text with "\r", "\n" and the sequence that clears the rest of a line.
class Screen {
 public:
  explicit Screen(std::size_t columns) : columns_(columns) {}

  void write(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
      if (text.substr(i).starts_with("\x1b[K")) {
        line().resize(std::min(line().size(), column_));
        i += 3;
        continue;
      }
      std::size_t end = i + 1;
      while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) ++end;
      put(std::string(text.substr(i, end - i)));
      i = end;
    }
  }

  /// The lines, without spaces at their ends and without what is empty at the end.
  std::vector<std::string> lines() const {
    std::vector<std::string> all;
    for (const auto& characters : lines_) {
      std::string text;
      for (const std::string& c : characters) text += c;
      text.resize(text.find_last_not_of(' ') + 1);
      all.push_back(text);
    }
    while (!all.empty() && all.back().empty()) all.pop_back();
    return all;
  }
  /// How often a line went on in the next one because it was too long.
  int wraps() const { return wraps_; }
  /// The most characters that any line has had.
  std::size_t widest() const { return widest_; }

 private:
  std::vector<std::string>& line() { return lines_.back(); }
  void put(const std::string& character) {
    if (character == "\r") {
      column_ = 0;
    } else if (character == "\n") {
      lines_.emplace_back();
      column_ = 0;
    } else {
      if (column_ == columns_) {
        lines_.emplace_back();
        column_ = 0;
        ++wraps_;
      }
      if (line().size() <= column_) line().resize(column_ + 1, " ");
      line()[column_++] = character;
      widest_ = std::max(widest_, column_);
    }
  }

  std::size_t columns_, column_ = 0, widest_ = 0;
  int wraps_ = 0;
  std::vector<std::vector<std::string>> lines_{1};
};

}  // namespace tenon::test
