#include "tenon/train/model_checkpoint.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string_view>

#include "log_file.hpp"
#include "monitor.hpp"
#include "tenon/io/safetensors.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon {

namespace {

/// Calls text(part) for what is outside of braces and field(name, format) for each "{name:format}".
template <class Text, class Field>
void parse_path(const std::string& path, const Text& text, const Field& field) {
  std::string_view rest = path;
  while (!rest.empty()) {
    const std::size_t open = rest.find_first_of("{}");
    text(rest.substr(0, open));
    if (open == std::string_view::npos) return;
    const std::size_t close = rest.find_first_of("{}", open + 1);
    if (rest[open] == '}' || close == std::string_view::npos || rest[close] == '{') {
      detail::fail<ValueError>("ModelCheckpoint", "'", path, "' has a brace without its partner; ",
                               "hint: {epoch} or {val_loss}");
    }
    const std::string_view inside = rest.substr(open + 1, close - open - 1);
    const std::size_t colon = std::min(inside.find(':'), inside.size());
    field(std::string(inside.substr(0, colon)),
          std::string(inside.substr(std::min(colon + 1, inside.size()))));
    rest.remove_prefix(close + 1);
  }
}

/// Python's "[0][width][.digits][d|f|e|g]"; d is for integers, which have no ".digits".
std::string formatted(double value, const std::string& format, bool is_integer) {
  std::size_t i = 0;
  const auto skip_digits = [&] {
    while (i < format.size() && format[i] >= '0' && format[i] <= '9') ++i;
  };
  skip_digits();
  const bool has_point = !is_integer && i < format.size() && format[i] == '.';
  if (has_point) {
    ++i;
    skip_digits();
  }
  std::string pattern = "%" + (format.empty() && !is_integer ? ".4" : format.substr(0, i));
  const std::string kinds = is_integer ? "d" : "feg";
  const bool has_kind = i < format.size() && kinds.find(format[i]) != std::string::npos;
  const char kind = has_kind ? format[i++] : kinds[0];
  if (i < format.size() || i > 6) {
    detail::fail<ValueError>(
        "ModelCheckpoint", "':", format, "' is no format of ",
        is_integer ? "an integer; hint: {epoch:03d}" : "a number; hint: {val_loss:.4f}");
  }
  char text[512];
  if (is_integer) {
    std::snprintf(text, sizeof text, (pattern + "lld").c_str(), static_cast<long long>(value));
  } else {
    std::snprintf(text, sizeof text, (pattern + kind).c_str(), value);
  }
  return text;
}

std::string path_of(const std::string& path, const FitState& fit) {
  std::string filled;
  parse_path(
      path, [&](std::string_view text) { filled += text; },
      [&](const std::string& name, const std::string& format) {
        if (name == "epoch") {
          filled += formatted(static_cast<double>(fit.epoch + 1), format, true);
        } else {
          const auto value = detail::monitored("ModelCheckpoint", fit, name);
          filled += formatted(value ? *value : NAN, format, false);
        }
      });
  return filled;
}

}  // namespace

ModelCheckpoint::ModelCheckpoint(std::string path, ModelCheckpointOptions options)
    : path_(std::move(path)), options_(std::move(options)) {
  if (path_.empty()) detail::fail<ValueError>("ModelCheckpoint", "the path of the file is empty");
  if (options_.save_every < 1) {
    detail::fail<ValueError>("ModelCheckpoint", "save_every must be at least 1, not ",
                             options_.save_every);
  }
  parse_path(
      path_, [](std::string_view) {},
      [](const std::string& name, const std::string& format) {
        formatted(0, format, name == "epoch");
      });
}

void ModelCheckpoint::on_fit_begin(FitState& fit) {
  if (fit.history.resumed_from_step >= 0) return;
  *this = ModelCheckpoint(path_, options_);
}

void ModelCheckpoint::on_epoch_end(FitState& fit) {
  if ((fit.epoch + 1) % options_.save_every != 0) return;
  if (options_.save_best_only) {
    const auto value = detail::monitored("ModelCheckpoint", fit, options_.monitor);
    const bool wants_less = detail::less_is_better(options_.monitor, options_.mode);
    if (!value || !detail::is_better(*value, best_, wants_less)) return;
    best_ = *value;
  }
  const std::string path = path_of(path_, fit);
  detail::make_folders("ModelCheckpoint", path);
  io::save_safetensors(path, fit.weights(), {{"epoch", std::to_string(fit.epoch + 1)}});
  last_path_ = path;
}

io::TensorDict ModelCheckpoint::state() const {
  io::TensorDict state{{"best", full<double>({}, best_)}};
  state.metadata["last_path"] = last_path_;
  return state;
}

void ModelCheckpoint::load_state(const io::TensorDict& state) {
  best_ = state.get<double>("best").item();
  const auto path = state.metadata.find("last_path");
  last_path_ = path == state.metadata.end() ? "" : path->second;
}

}  // namespace tenon
