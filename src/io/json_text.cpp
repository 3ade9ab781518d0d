#include "io/json_text.hpp"

#include <nlohmann/json.hpp>

namespace tenon::detail {

using Json = nlohmann::json;

std::optional<std::string> json_text(const std::string& text) {
  try {
    return Json(text).dump();
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

std::string lenient_json_text(const std::string& text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace tenon::detail
