#include "tenon/train/report.hpp"

#include <algorithm>
#include <fstream>

#include "io/file.hpp"
#include "tenon/base/show_config.hpp"
#include "train/report_history.hpp"
#include "train/report_page.hpp"
#include "train/report_text.hpp"

namespace tenon {

namespace {

using detail::append;
using detail::count_text;
using detail::escape;

constexpr std::size_t most_open_rows = 16;

/// What Linux calls the processor; "" elsewhere.
std::string processor() {
  std::ifstream in("/proc/cpuinfo");
  std::string line;
  while (std::getline(in, line)) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "";
}

using Setting = std::pair<std::string, std::string>;

/// The lines "name: value" of show_config(), and the processor.
std::vector<Setting> machine_settings() {
  std::vector<Setting> out;
  const std::string config = show_config();
  for (std::size_t begin = 0; begin < config.size();) {
    const std::size_t end = std::min(config.find('\n', begin), config.size());
    const std::string line = config.substr(begin, end - begin);
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos) out.emplace_back(line.substr(0, colon), line.substr(colon + 2));
    begin = end + 1;
  }
  const std::string name = processor();
  if (!name.empty()) out.emplace_back("processor", name);
  return out;
}

std::string settings_table(const std::string& caption, const std::vector<Setting>& settings) {
  std::string out = "<div><table class=\"settings\"><caption>" + caption + "</caption><tbody>\n";
  for (const auto& [name, value] : settings) {
    append(out,
           {"<tr><th scope=\"row\">", escape(name), "</th><td>", escape(value), "</td></tr>\n"});
  }
  return out + "</tbody></table></div>\n";
}

}  // namespace

Report::Report(std::string title) : title_(std::move(title)) {}

void Report::add(const History& history, const std::string& title) {
  if (history.epochs.size() == 0) {
    detail::fail<ValueError>("Report.add",
                             "the history has no epoch yet; hint: add what "
                             "Trainer::fit() returned");
  }
  sections_.push_back({title, detail::history_html(history)});
}

template <class T>
void Report::add_model(nn::BasicModule<T>& net, const std::string& title) {
  const std::vector<nn::BasicNamedTensor<T>> tensors = nn::named_tensors(net);
  std::string rows;
  for (const nn::BasicNamedTensor<T>& entry : tensors) {
    append(rows, {"<tr><th scope=\"row\">", escape(entry.name), "</th><td>",
                  to_string(entry.tensor.shape()), "</td><td class=\"n\">",
                  count_text(entry.tensor.numel()), "</td><td>",
                  entry.is_buffer ? "buffer" : "parameter", "</td></tr>\n"});
  }
  std::string html = "<p>";
  append(html,
         {count_text(count_parameters(net)), " trainable values.</p>\n<pre tabindex=\"0\">",
          escape(to_string(net)), "</pre>\n<details",
          tensors.size() <= most_open_rows ? " open=\"\"" : "", "><summary>",
          count_text(static_cast<Index>(tensors.size())),
          " tensors</summary><div class=\"scroll\" tabindex=\"0\" role=\"region\" "
          "aria-label=\"Parameters\"><table><thead><tr><th scope=\"col\">name</th><th "
          "scope=\"col\">shape</th><th scope=\"col\" class=\"n\">values</th><th scope=\"col\">"
          "kind</th></tr></thead><tbody>\n",
          rows, "</tbody></table></div></details>\n"});
  sections_.push_back({title, html});
}

void Report::add_settings(const std::vector<std::pair<std::string, std::string>>& settings,
                          const std::string& title) {
  std::string html = "<div class=\"pair\">";
  if (!settings.empty()) html += settings_table("Of this training", settings);
  html += settings_table("Of the machine and the library", machine_settings());
  sections_.push_back({title, html + "</div>\n"});
}

void Report::add_text(const std::string& title, const std::string& text) {
  std::string html;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find("\n\n", begin), text.size());
    if (end > begin) {
      append(html, {"<p class=\"prose\">", escape(text.substr(begin, end - begin)), "</p>\n"});
    }
    begin = end + 2;
  }
  sections_.push_back({title, html});
}

std::string Report::html() const { return detail::report_page(title_, sections_); }

void Report::save(const std::string& path) const {
  const std::string page = html();
  detail::AtomicFile file("Report.save", path);
  file.write(page.data(), page.size());
  file.commit();
}

template TENON_API void Report::add_model(nn::BasicModule<float>&, const std::string&);
template TENON_API void Report::add_model(nn::BasicModule<double>&, const std::string&);

}  // namespace tenon
