#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tenon/base/error.hpp"
#include "tenon/base/shape.hpp"

namespace tenon::detail {

/// The records of a file in the format of RFC 4180, one after another. What breaks its rules is an
/// IoError that names the line.
class CsvReader {
 public:
  /// Reads the file; it must be UTF-8.
  CsvReader(std::string_view op, const std::string& path, char delimiter);

  /// The fields of the next record, without quotes; false behind the last one. Lines without
  /// anything are passed over.
  bool next(std::vector<std::string>& fields);
  /// Back to the first record.
  void rewind();
  /// Where the record that came last begins; from 1.
  Index line() const { return record_line_; }

  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    detail::fail<IoError>(op_, path_, ": ", parts...);
  }
  template <class... Parts>
  [[noreturn]] void fail_line(Index line, const Parts&... parts) const {
    fail("line ", line, parts...);
  }

 private:
  void check_encoding() const;
  bool at(char c) const { return at_ < text_.size() && text_[at_] == c; }
  bool at_record_end() const { return at_ == text_.size() || at('\n') || at('\r'); }
  void skip_blanks();
  void skip_line_end();
  void read_field(std::string& field);
  void read_quoted(std::string& field);

  std::string_view op_;
  const std::string& path_;
  char delimiter_;
  std::string text_;
  std::size_t start_ = 0, at_ = 0;
  Index line_ = 1, record_line_ = 1;
};

/// A piece of a file as it may stand in a message: in quotes, shortened, without control
/// characters.
std::string shown(std::string_view text);

}  // namespace tenon::detail
