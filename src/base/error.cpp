#include "tenon/base/error.hpp"

#include <cstdio>

namespace tenon {

void Error::enter_layer(std::string_view name, std::string_view description) {
  // The innermost layer is the one whose input was wrong, so it is the one worth describing.
  if (layer_path_.empty() && layer_description_.empty()) layer_description_ = description;
  if (!name.empty()) {
    layer_path_ = layer_path_.empty() ? std::string(name) : std::string(name) + "." + layer_path_;
  }
  if (layer_path_.empty()) return;
  message_ = std::string(std::runtime_error::what()) + " (in layer " + layer_path_;
  if (!layer_description_.empty()) message_ += ": " + layer_description_;
  message_ += ")";
}

std::string detail::to_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

}  // namespace tenon
