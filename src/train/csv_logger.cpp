#include "tenon/train/csv_logger.hpp"

#include <algorithm>
#include <cmath>

#include "csv_text.hpp"
#include "log_file.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon {

namespace {

/// The fields of the first line of RFC 4180 text.
std::vector<std::string> first_line(const std::string& text) {
  std::vector<std::string> fields(1);
  bool is_quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      // A doubled quote inside of quotes stands for one.
      if (!is_quoted && i > 0 && text[i - 1] == '"') fields.back() += '"';
      is_quoted = !is_quoted;
    } else if (is_quoted) {
      fields.back() += c;
    } else if (c == '\n') {
      break;
    } else if (c == ',') {
      fields.emplace_back();
    } else if (c != '\r') {
      fields.back() += c;
    }
  }
  return fields;
}

std::string header(const std::vector<std::string>& columns) {
  std::string line = "epoch";
  for (const std::string& name : columns) line += "," + detail::csv_field(name);
  return line + "\n";
}

std::string row(const HistoryTable& epochs, Index epoch, const std::vector<std::string>& columns) {
  std::string line = std::to_string(epoch + 1);
  for (const std::string& name : columns) {
    line += ",";
    if (!epochs.contains(name)) continue;
    const double value = epochs[name][static_cast<std::size_t>(epoch)];
    if (!std::isnan(value)) line += detail::exact_text(value);
  }
  return line + "\n";
}

}  // namespace

CsvLogger::CsvLogger(std::string path, CsvLoggerOptions options)
    : path_(std::move(path)), options_(options) {
  if (path_.empty()) detail::fail<ValueError>("CsvLogger", "the path of the file is empty");
}

void CsvLogger::on_fit_begin(FitState& fit) {
  file_ = std::make_shared<detail::LogFile>("CsvLogger", path_);
  const auto size = static_cast<std::int64_t>(file_->size());
  const bool is_resumed = fit.history.resumed_from_step >= 0;
  if (!is_resumed) start_ = options_.append ? size : 0;
  start_ = std::min(start_, size);
  file_->truncate(static_cast<std::uint64_t>(start_));
  columns_.clear();
  has_warned_ = false;
  is_first_line_ours_ = start_ == 0;
  if (!is_first_line_ours_) {
    const std::string before = file_->read();
    columns_ = first_line(before);
    if (columns_[0] != "epoch") {
      detail::fail<IoError>(
          "CsvLogger", path_, ": its first column is '", columns_[0],
          "', not 'epoch'; hint: rows are appended to what CsvLogger has written");
    }
    columns_.erase(columns_.begin());
    if (before.back() != '\n') {
      file_->append("\n");
      ++start_;
    }
  }
  if (fit.history.epochs.size() > 0) write_all(fit.history.epochs);
}

void CsvLogger::write_all(const HistoryTable& epochs) {
  std::string text;
  if (is_first_line_ours_) {
    columns_ = epochs.names();
    text = header(columns_);
  }
  for (Index epoch = 0; epoch < epochs.size(); ++epoch) text += row(epochs, epoch, columns_);
  file_->truncate(static_cast<std::uint64_t>(start_));
  file_->append(text);
}

void CsvLogger::on_epoch_end(FitState& fit) {
  const HistoryTable& epochs = fit.history.epochs;
  if (is_first_line_ours_ && epochs.names() != columns_) return write_all(epochs);
  warn_of_left_out(fit);
  file_->append(row(epochs, epochs.size() - 1, columns_));
}

void CsvLogger::warn_of_left_out(FitState& fit) {
  if (has_warned_) return;
  std::string names;
  for (const std::string& name : fit.history.epochs.names()) {
    if (std::ranges::find(columns_, name) == columns_.end()) names += " " + name;
  }
  if (names.empty()) return;
  has_warned_ = true;
  fit.history.warnings.push_back(path_ + " has no column for:" + names);
}

void CsvLogger::on_fit_end(FitState&) { file_.reset(); }

io::TensorDict CsvLogger::state() const { return {{"start", full<std::int64_t>({}, start_)}}; }

void CsvLogger::load_state(const io::TensorDict& state) {
  start_ = state.get<std::int64_t>("start").item();
}

}  // namespace tenon
