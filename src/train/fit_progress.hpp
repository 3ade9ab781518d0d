#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "tenon/train/callback.hpp"
#include "tenon/train/fit_options.hpp"

namespace tenon::detail {

/// What a training prints on standard output: on a terminal a line that is drawn anew a few times a
/// second and stays when its epoch is over, elsewhere that last line alone.
class FitProgress {
 public:
  explicit FitProgress(Verbose verbose);

  void start_epoch();
  /// Whether it is time for a new drawing: only then are the running figures worth computing.
  bool is_due();
  /// samples: of this epoch so far; figures: "loss" and the metrics so far.
  void draw(const FitState& fit, Index samples, const std::vector<std::string>& names,
            const std::vector<double>& values);
  /// The epoch's row of the history, and what happened in it.
  void end_epoch(const FitState& fit);
  void say(const std::string& line);

 private:
  using Clock = std::chrono::steady_clock;

  void replace_line(const std::string& line);
  void clear_line();

  bool is_silent_;
  bool is_moving_;
  bool has_line_ = false;
  double draw_seconds_ = 0;  // what the last drawing cost, its figures included
  Clock::time_point epoch_start_, last_draw_, due_since_;
};

/// Eight heights of bar, one for each of the last `width` means of the values: "▆▅▃▂▁▁".
std::string sparkline(const std::vector<double>& values, std::size_t width);

/// Whole seconds as "42 s", "3:07" or "1:02:45".
std::string duration_text(double seconds);

/// Four significant digits: "0.1234", "12.34", "1.234e-05".
std::string figure_text(double value);

}  // namespace tenon::detail
