#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenon::detail {

/// A whole HTML document with a table of contents. sections: a title as text, and HTML.
std::string report_page(std::string_view title,
                        const std::vector<std::pair<std::string, std::string>>& sections);

/// The page's style sheet, and the script that shows values under the pointer.
extern const std::string_view report_style;
extern const std::string_view report_script;

}  // namespace tenon::detail
