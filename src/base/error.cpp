#include "tenon/base/error.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace tenon {

void Error::enter_layer(std::string_view name, std::string_view description) {
  // The innermost layer is the one whose input was wrong, so it is the one worth describing.
  if (layer_path_.empty() && layer_description_.empty()) layer_description_ = description;
  if (!name.empty()) {
    layer_path_ = layer_path_.empty() ? std::string(name) : std::string(name) + "." + layer_path_;
  }
  compose();
}

void Error::show_layers(std::string lines) {
  layers_ = "\n" + std::move(lines);
  compose();
}

void Error::add_note(std::string_view note) {
  notes_.append("\n").append(note);
  compose();
}

void Error::compose() {
  message_ = std::runtime_error::what();
  if (!layer_path_.empty()) {
    std::string layer = " (in layer " + layer_path_;
    if (!layer_description_.empty()) layer += ": " + layer_description_;
    // Behind the first line, since further ones are lists.
    message_.insert(std::min(message_.find('\n'), message_.size()), layer + ")");
  }
  message_ += layers_;
  message_ += notes_;
}

std::string detail::to_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

}  // namespace tenon
