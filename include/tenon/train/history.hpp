#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tenon/io/tensor_dict.hpp"

namespace tenon {

/// Rows of numbers under names, each row one epoch or one step. A number that a row lacks is NaN.
class TENON_API HistoryTable {
 public:
  /// The number of rows.
  Index size() const { return rows_; }
  const std::vector<std::string>& names() const { return names_; }
  bool contains(std::string_view name) const { return find(name) >= 0; }
  /// The column of that name, one number a row. Throws IndexError, which lists the names.
  const std::vector<double>& operator[](std::string_view name) const;

  /// Begins the next row.
  void add_row();
  /// Writes a number of the last row; a new name becomes a column.
  void set(std::string_view name, double value);
  /// Room for so many rows.
  void reserve(Index rows);

  /// The names in the first line, then a line for each row, which begins with its number, counted
  /// from 1: "epoch,loss". NaN is left empty. Complete or not at all; throws IoError.
  void save_csv(const std::string& path, const std::string& row_name = "epoch") const;

  io::TensorDict state() const;
  /// Throws IndexError, TypeError or ShapeError for a state that is none.
  void load_state(const io::TensorDict& state);

 private:
  Index find(std::string_view name) const;

  Index rows_ = 0;
  Index reserved_ = 0;
  std::vector<std::string> names_;
  std::vector<std::vector<double>> columns_;
};

/// How a training went, as Trainer::fit() returns it:
///   history["val_accuracy"].back()
struct TENON_API History {
  /// "loss", "seconds", "samples_per_second", "learning_rate", one column for each metric, and the
  /// same of the validation part under "val_...".
  HistoryTable epochs;
  /// "loss" and "learning_rate" of every step of the optimiser.
  HistoryTable steps;
  /// The step after which a checkpoint was resumed, -1 where none was.
  Index resumed_from_step = -1;
  /// Why the training ended before its last epoch, "" where it did not.
  std::string stop_reason = {};
  /// What somebody should look at, such as parameters without a gradient.
  std::vector<std::string> warnings = {};

  const std::vector<double>& operator[](std::string_view name) const { return epochs[name]; }

  /// The epochs as CSV, or everything as JSON, in which NaN and infinities are null. Complete or
  /// not at all; throws IoError.
  void save_csv(const std::string& path) const { epochs.save_csv(path); }
  void save_json(const std::string& path) const;
  std::string to_json() const;

  /// Of both tables.
  io::TensorDict state() const;
  void load_state(const io::TensorDict& state);
};

}  // namespace tenon
