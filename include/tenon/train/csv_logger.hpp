#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tenon/train/callback.hpp"

namespace tenon {

namespace detail {
class LogFile;
}  // namespace detail

struct CsvLoggerOptions {
  bool append = false;  ///< keep the rows that the file has; else it begins anew
};

/// Writes a row of a CSV file after every epoch: "epoch", from 1, and the columns of
/// History::epochs that are there by then, callbacks before this one in the list included. Whoever
/// reads the file sees each row at once. NaN is left empty.
///
/// A new column, such as that of a first validation, is put into the rows before it, too; the rows
/// of earlier runs that append keeps have the names of the file's first line, and numbers that have
/// no column there are left out, which a warning of the history says. A training that is resumed
/// from a checkpoint writes the rows that the checkpoint knows and goes on from there, so that
/// epochs that are trained again are there once. Folders that lead to the file are made.
/// on_fit_begin() throws IoError for a file that cannot be written or, with append, has no column
/// "epoch".
class TENON_API CsvLogger final : public Callback {
 public:
  explicit CsvLogger(std::string path, CsvLoggerOptions options = {});

  void on_fit_begin(FitState& fit) override;
  void on_epoch_end(FitState& fit) override;
  void on_fit_end(FitState& fit) override;
  io::TensorDict state() const override;
  void load_state(const io::TensorDict& state) override;

 private:
  void write_all(const HistoryTable& epochs);
  void warn_of_left_out(FitState& fit);

  std::string path_;
  CsvLoggerOptions options_;
  std::int64_t start_ = 0;            // bytes of the file that are of earlier runs
  bool is_first_line_ours_ = true;    // so that it may change
  std::vector<std::string> columns_;  // behind "epoch"
  bool has_warned_ = false;
  std::shared_ptr<detail::LogFile> file_;
};

}  // namespace tenon
