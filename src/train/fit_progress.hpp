#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "tenon/train/callback.hpp"
#include "tenon/train/fit_options.hpp"

namespace tenon::detail {

/// What a training prints on standard output: on a terminal a line that is drawn anew a few times a
/// second and stays when its epoch is over, elsewhere that last line alone.
///   epoch  3/10  [=========>          ] 312/938  ETA  3 s  12.3k samples/s  loss 0.1234  ▆▅▃▂▁▁
///   epoch  3/10   4.8 s  12.3k samples/s  loss 0.1201  accuracy 0.9630  val_loss 0.1312  ▆▅▃▂▁▁
class FitProgress {
 public:
  explicit FitProgress(Verbose verbose);
  /// What has been drawn stays.
  ~FitProgress();
  FitProgress(const FitProgress&) = delete;
  FitProgress& operator=(const FitProgress&) = delete;

  /// samples: of this epoch that were trained on before, where it is resumed.
  void start_epoch(const FitState& fit, Index samples);
  /// Whether it is time for a new drawing: only then are the running figures worth computing.
  bool is_due();
  /// samples: of this epoch so far; figures: "loss" and the metrics so far.
  void draw(const FitState& fit, Index samples, const std::vector<std::string>& names,
            const std::vector<double>& values);
  void draw_validation(const FitState& fit);
  /// The epoch's row of the history, and what happened in it.
  void end_epoch(const FitState& fit);
  void say(const std::string& line);

 private:
  using Clock = std::chrono::steady_clock;

  /// Right-aligned in as many columns as any text of that name has needed.
  std::string aligned(const std::string& name, const std::string& text, std::size_t at_least);
  void replace_line(const std::string& line);
  void clear_line();

  bool is_silent_;
  bool is_moving_;
  bool is_utf8_;
  bool has_line_ = false;
  std::vector<std::pair<std::string, std::size_t>> widths_;
  double draw_seconds_ = 0;  // what the last drawing cost, its figures included
  Clock::time_point epoch_start_, last_draw_, due_since_;
  Index batches_before_ = 0, samples_before_ = 0;  // of this epoch, at epoch_start_
};

/// A height for each of the last `width` means of the values, "!" for one that is no number:
/// "▆▅▃▂▁▁", or "#*=-._" in ASCII.
std::string sparkline(const std::vector<double>& values, std::size_t width, bool is_utf8);

/// "<1 ms", "35 ms", "4.8 s", "42 s", "3:07" (minutes) or "1:02:45".
std::string duration_text(double seconds);

/// Whole seconds as "0 s", "42 s", "3:07" or "1:02:45".
std::string clock_text(double seconds);

/// Six characters where it can: "0.1234", "12.345", "1234.5"; else "1.23e-05".
std::string figure_text(double value);

/// "0.50", "35", "1234", "12.3k", "123k" or "1.23M".
std::string rate_text(double per_second);

/// Whether text for people may be UTF-8, by LC_ALL, LC_CTYPE or LANG, the first that is set.
bool locale_is_utf8();

/// A part of a line, and how dear it is: the dearest have rank 0.
struct LinePart {
  std::string text;
  int rank = 0;
};

/// The parts with two spaces between them; of those that do not fit into so many columns, the ones
/// of the highest rank are left out first, from the last to the first. Rank 0 is only cut.
std::string fitted_line(std::vector<LinePart> parts, std::size_t columns);

}  // namespace tenon::detail
