#include "train/report_page.hpp"

#include "tenon/base/config.hpp"
#include "train/report_text.hpp"

namespace tenon::detail {

namespace {

// The browser itself refuses whatever would come from a network.
constexpr std::string_view policy =
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

using Sections = std::vector<std::pair<std::string, std::string>>;

std::string contents(const Sections& sections) {
  if (sections.size() < 2) return "";
  std::string out = "<nav aria-label=\"Sections\"><ul>\n";
  for (std::size_t i = 0; i < sections.size(); ++i) {
    append(out, {"<li><a href=\"#s", i + 1, "\">", escape(sections[i].first), "</a></li>\n"});
  }
  return out + "</ul></nav>\n";
}

}  // namespace

std::string report_page(std::string_view title, const Sections& sections) {
  std::string out = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n";
  append(out, {"<meta http-equiv=\"Content-Security-Policy\" content=\"", policy, "\"/>\n",
               "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
               "<meta name=\"color-scheme\" content=\"light dark\"/>\n"
               "<link rel=\"icon\" href=\"data:,\"/>\n<title>",
               escape(title), "</title>\n<style>", report_style,
               "</style>\n</head>\n<body>\n<header><h1>", escape(title), "</h1>",
               contents(sections), "</header>\n<main>\n"});
  for (std::size_t i = 0; i < sections.size(); ++i) {
    append(out, {"<section id=\"s", i + 1, "\" aria-labelledby=\"h", i + 1, "\"><h2 id=\"h", i + 1,
                 "\">", escape(sections[i].first), "</h2>\n", sections[i].second, "</section>\n"});
  }
  append(out, {"</main>\n<footer>Tenon ", TENON_VERSION_MAJOR, ".", TENON_VERSION_MINOR, ".",
               TENON_VERSION_PATCH, "</footer>\n<script>", report_script,
               "</script>\n</body>\n</html>\n"});
  return out;
}

}  // namespace tenon::detail
