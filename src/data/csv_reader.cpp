#include "data/csv_reader.hpp"

#include <algorithm>

#include "data/text_file.hpp"
#include "data/utf8.hpp"

namespace tenon::detail {

CsvReader::CsvReader(std::string_view op, const std::string& path, char delimiter)
    : op_(op), path_(path), delimiter_(delimiter), text_(read_text(op, path)) {
  check_encoding();
  if (text_.starts_with("\xEF\xBB\xBF")) start_ = 3;
  rewind();
}

void CsvReader::check_encoding() const {
  if (text_.starts_with("\xFF\xFE") || text_.starts_with("\xFE\xFF")) {
    fail("is UTF-16; hint: save it as UTF-8, or iconv -f UTF-16 -t UTF-8");
  }
  const std::size_t zero = text_.find('\0');
  const std::size_t bad = std::min(zero, find_invalid_utf8(text_));
  if (bad == std::string::npos) return;
  const auto line = 1 + std::count(text_.begin(), text_.begin() + static_cast<Index>(bad), '\n');
  if (bad == zero) fail_line(line, " holds a zero byte; hint: is it a table of text?");
  fail_line(line,
            " is not UTF-8; hint: for a table of Western Europe, iconv -f WINDOWS-1252 -t UTF-8");
}

void CsvReader::rewind() {
  at_ = start_;
  line_ = record_line_ = 1;
}

void CsvReader::skip_blanks() {
  while ((at(' ') || at('\t')) && !at(delimiter_)) ++at_;
}

void CsvReader::skip_line_end() {
  if (at('\r')) ++at_;
  if (at('\n')) ++at_;
  ++line_;
}

bool CsvReader::next(std::vector<std::string>& fields) {
  while (at_ < text_.size()) {
    record_line_ = line_;
    std::size_t count = 0;
    bool is_quoted = false;
    while (true) {
      skip_blanks();
      is_quoted = at('"');
      if (count == fields.size()) fields.emplace_back();
      read_field(fields[count++]);
      if (at_record_end()) break;
      ++at_;
    }
    if (at_ < text_.size()) skip_line_end();
    fields.resize(count);
    if (count > 1 || is_quoted || !fields[0].empty()) return true;
  }
  return false;
}

void CsvReader::read_field(std::string& field) {
  field.clear();
  if (at('"')) return read_quoted(field);
  const std::size_t begin = at_;
  while (!at_record_end() && !at(delimiter_)) {
    if (at('"')) {
      fail_line(line_,
                " has a quote inside of a field that does not begin with one; hint: "
                "\"5\"\" disk\" is 5\" disk");
    }
    ++at_;
  }
  std::size_t end = at_;
  while (end > begin && (text_[end - 1] == ' ' || text_[end - 1] == '\t')) --end;
  field.assign(text_, begin, end - begin);
}

void CsvReader::read_quoted(std::string& field) {
  const Index first_line = line_;
  ++at_;
  while (true) {
    const std::size_t quote = text_.find('"', at_);
    if (quote == std::string::npos) {
      fail_line(first_line,
                " begins a field with a quote that is never closed; hint: a truncated "
                "file, or a quote that should be doubled");
    }
    field.append(text_, at_, quote - at_);
    at_ = quote + 1;
    if (!at('"')) break;
    field += '"';
    ++at_;
  }
  line_ += std::count(field.begin(), field.end(), '\n');
  skip_blanks();
  if (!at_record_end() && !at(delimiter_)) {
    fail_line(line_, " goes on behind a closing quote; hint: quotes inside of a field are doubled");
  }
}

std::string shown(std::string_view text) {
  constexpr std::size_t longest = 60;
  std::string result = "'";
  for (const char c : text.substr(0, longest)) {
    result += static_cast<unsigned char>(c) < ' ' || c == 127 ? '?' : c;
  }
  return result + (text.size() > longest ? "...'" : "'");
}

}  // namespace tenon::detail
