#include "tenon/train/history.hpp"

#include <cmath>
#include <limits>
#include <utility>

#include "csv_text.hpp"
#include "io/file.hpp"
#include "io/json_text.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon {

namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

void write_file(const char* op, const std::string& path, const std::string& text) {
  detail::AtomicFile file(op, path);
  file.write(text.data(), text.size());
  file.commit();
}

std::string json(const HistoryTable& table) {
  std::string text = "{";
  for (const std::string& name : table.names()) {
    if (text.size() > 1) text += ", ";
    text += detail::lenient_json_text(name) + ": [";
    bool is_first = true;
    for (double value : table[name]) {
      if (!std::exchange(is_first, false)) text += ", ";
      text += std::isfinite(value) ? detail::exact_text(value) : "null";
    }
    text += "]";
  }
  return text + "}";
}

}  // namespace

Index HistoryTable::find(std::string_view name) const {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (names_[i] == name) return static_cast<Index>(i);
  }
  return -1;
}

const std::vector<double>& HistoryTable::operator[](std::string_view name) const {
  const Index i = find(name);
  if (i >= 0) return columns_[static_cast<std::size_t>(i)];
  std::string names;
  for (const std::string& known : names_) names += (names.empty() ? "'" : ", '") + known + "'";
  detail::fail<IndexError>("History", "has no column '", name, "'; there are ",
                           names.empty() ? "none yet" : names);
}

void HistoryTable::add_row() {
  ++rows_;
  for (std::vector<double>& column : columns_) column.push_back(missing);
}

void HistoryTable::set(std::string_view name, double value) {
  if (rows_ == 0) detail::fail<ValueError>("History", "has no row yet; hint: call add_row() first");
  Index i = find(name);
  if (i < 0) {
    i = static_cast<Index>(names_.size());
    names_.emplace_back(name);
    columns_.emplace_back();
    columns_.back().reserve(static_cast<std::size_t>(reserved_));
    columns_.back().resize(static_cast<std::size_t>(rows_), missing);
  }
  columns_[static_cast<std::size_t>(i)].back() = value;
}

void HistoryTable::reserve(Index rows) {
  reserved_ = rows;
  for (std::vector<double>& column : columns_) column.reserve(static_cast<std::size_t>(rows));
}

void HistoryTable::save_csv(const std::string& path, const std::string& row_name) const {
  std::string text = detail::csv_field(row_name);
  for (const std::string& name : names_) text += "," + detail::csv_field(name);
  text += "\n";
  for (Index row = 0; row < rows_; ++row) {
    text += std::to_string(row + 1);
    for (const std::vector<double>& column : columns_) {
      const double value = column[static_cast<std::size_t>(row)];
      text += "," + (std::isnan(value) ? std::string() : detail::exact_text(value));
    }
    text += "\n";
  }
  write_file("save_csv", path, text);
}

io::TensorDict HistoryTable::state() const {
  io::TensorDict state{{"rows", full<std::int64_t>({}, rows_)}};
  // Columns go by position: their names may be anything, those of tensors may not.
  for (std::size_t i = 0; i < names_.size(); ++i) {
    state.add("column" + std::to_string(i), from_container(columns_[i]));
    state.metadata["column" + std::to_string(i)] = names_[i];
  }
  return state;
}

void HistoryTable::load_state(const io::TensorDict& state) {
  HistoryTable table;
  table.rows_ = state.get<std::int64_t>("rows").item();
  for (std::size_t i = 0; i + 1 < state.size(); ++i) {
    const std::string key = "column" + std::to_string(i);
    const DoubleTensor column = state.get<double>(key);
    const auto name = state.metadata.find(key);
    if (!(column.shape() == Shape{table.rows_}) || name == state.metadata.end()) {
      detail::fail<ShapeError>("History", "'", key, "' of the state has shape ", column.shape(),
                               " and ", name == state.metadata.end() ? "no name" : "a name",
                               ", but there are ", table.rows_, " rows");
    }
    table.names_.push_back(name->second);
    table.columns_.emplace_back(column.data(), column.data() + column.numel());
  }
  table.reserve(reserved_);
  *this = std::move(table);
}

std::string History::to_json() const {
  std::string text = "{\"epochs\": " + json(epochs) + ",\n \"steps\": " + json(steps) +
                     ",\n \"resumed_from_step\": " + std::to_string(resumed_from_step) +
                     ",\n \"stop_reason\": " + detail::lenient_json_text(stop_reason) +
                     ",\n \"warnings\": [";
  for (const std::string& warning : warnings) {
    text += (&warning == warnings.data() ? "" : ", ") + detail::lenient_json_text(warning);
  }
  return text + "]}\n";
}

void History::save_json(const std::string& path) const { write_file("save_json", path, to_json()); }

io::TensorDict History::state() const {
  io::TensorDict merged;
  const auto add = [&](const std::string& prefix, const io::TensorDict& state) {
    for (const auto& [key, tensor] : state) merged.add(prefix + key, tensor);
    for (const auto& [key, text] : state.metadata) merged.metadata[prefix + key] = text;
  };
  add("epochs/", epochs.state());
  add("steps/", steps.state());
  return merged;
}

void History::load_state(const io::TensorDict& state) {
  const auto part = [&](const std::string& prefix) {
    io::TensorDict found;
    for (const auto& [key, tensor] : state) {
      if (key.starts_with(prefix)) found.add(key.substr(prefix.size()), tensor);
    }
    for (const auto& [key, text] : state.metadata) {
      if (key.starts_with(prefix)) found.metadata[key.substr(prefix.size())] = text;
    }
    return found;
  };
  HistoryTable loaded_epochs = epochs;
  loaded_epochs.load_state(part("epochs/"));
  steps.load_state(part("steps/"));
  epochs = std::move(loaded_epochs);
}

}  // namespace tenon
