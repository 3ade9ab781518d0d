#include "tenon/nn/module_dict.hpp"

#include "tenon/base/error.hpp"

namespace tenon::detail {

Index find_name(const std::vector<std::string>& names, std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<Index>(i);
  }
  return -1;
}

Index checked_name(const std::vector<std::string>& names, std::string_view name) {
  const Index i = find_name(names, name);
  if (i >= 0) [[likely]]
    return i;
  std::string known;
  for (const std::string& other : names) known += (known.empty() ? "" : ", ") + other;
  fail<IndexError>("ModuleDict", "there is no layer '", std::string(name), "'; hint: there ",
                   names.empty() ? "are none yet" : "are " + known);
}

void check_new_name(const std::vector<std::string>& names, std::string_view name) {
  const bool is_new = find_name(names, name) < 0;
  const bool is_name = !name.empty() && name.find('.') == std::string_view::npos;
  if (is_new && is_name) [[likely]]
    return;
  fail<ValueError>("ModuleDict", "'", std::string(name), "' ",
                   is_name ? "names a layer already; hint: assign to the one that is there"
                           : "cannot be a name, which is not empty and has no dot; hint: dots "
                             "separate the names in a path");
}

}  // namespace tenon::detail
