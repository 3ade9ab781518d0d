#include "tenon/data/imdb.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "data/text_file.hpp"
#include "data/utf8.hpp"
#include "tenon/base/error.hpp"

namespace tenon::data {
namespace {

namespace fs = std::filesystem;

constexpr const char* imdb_op = "load_imdb";
constexpr const char* fetch_hint =
    "; hint: scripts/download_data.sh --only imdb DIR fetches the whole set";

struct File {
  Index number;
  Index label;
  std::string path;
};

/// Reads "<number>_<rating>.txt"; false for any other name.
bool parse_name(const std::string& name, Index& number, Index& rating) {
  const char* const end = name.data() + name.size();
  const auto first = std::from_chars(name.data(), end, number);
  if (first.ec != std::errc() || number < 0 || first.ptr == end || *first.ptr != '_') return false;
  const auto second = std::from_chars(first.ptr + 1, end, rating);
  return second.ec == std::errc() && std::string_view(second.ptr, end) == ".txt";
}

File checked_file(const fs::path& path, Index label) {
  Index number = 0, rating = 0;
  if (!parse_name(path.filename().string(), number, rating)) {
    detail::fail<IoError>(imdb_op, path.string(),
                          ": a review's file is named <number>_<rating>.txt", fetch_hint);
  }
  const bool fits = label == 1 ? rating >= 7 && rating <= 10 : rating >= 1 && rating <= 4;
  if (!fits) {
    detail::fail<IoError>(
        imdb_op, path.string(), ": the rating ", rating,
        label == 1 ? " is not one of pos (7 to 10)" : " is not one of neg (1 to 4)", fetch_hint);
  }
  return {number, label, path.string()};
}

/// The reviews of one class, by number; every number from 0 on is there.
std::vector<File> list_class(const fs::path& folder, Index label) {
  std::vector<File> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() == ".txt") files.push_back(checked_file(entry->path(), label));
  }
  if (error) {
    detail::fail<IoError>(imdb_op, folder.string(), ": cannot be read: ", error.message(),
                          fetch_hint);
  }
  if (files.empty())
    detail::fail<IoError>(imdb_op, folder.string(), ": holds no review", fetch_hint);
  std::sort(files.begin(), files.end(),
            [](const File& a, const File& b) { return a.number < b.number; });
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto expected = static_cast<Index>(i);
    if (files[i].number < expected) {
      detail::fail<IoError>(imdb_op, files[i].path, ": there is another review ", files[i].number,
                            fetch_hint);
    }
    if (files[i].number > expected) {
      detail::fail<IoError>(imdb_op, folder.string(), ": there is no review ", expected,
                            " although there is a ", files.back().number, fetch_hint);
    }
  }
  return files;
}

/// text without <br>, <br/> and <br />, in whose place a blank stands.
std::string without_breaks(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (true) {
    const std::size_t tag = text.find("<br");
    result.append(text.substr(0, tag));
    if (tag == std::string_view::npos) return result;
    text.remove_prefix(tag);
    std::size_t end = 3;
    while (end < text.size() && (text[end] == ' ' || text[end] == '/')) ++end;
    const bool is_tag = end < text.size() && text[end] == '>';
    if (is_tag) {
      result += ' ';
    } else {
      result.append(text.substr(0, end));
    }
    text.remove_prefix(is_tag ? end + 1 : end);
  }
}

std::string read_review(const std::string& path) {
  const std::string text = detail::read_text(imdb_op, path);
  if (text.empty()) detail::fail<IoError>(imdb_op, path, ": is empty", fetch_hint);
  const std::size_t invalid = detail::find_invalid_utf8(text);
  if (invalid != std::string::npos) {
    detail::fail<IoError>(imdb_op, path, ": is not UTF-8 at byte ", invalid, fetch_hint);
  }
  return without_breaks(text);
}

Reviews load_part(const fs::path& folder) {
  std::vector<File> files = list_class(folder / "neg", 0);
  const std::vector<File> good = list_class(folder / "pos", 1);
  files.insert(files.end(), good.begin(), good.end());
  std::sort(files.begin(), files.end(), [](const File& a, const File& b) {
    return a.number != b.number ? a.number < b.number : a.label < b.label;
  });
  Reviews reviews{{}, LongTensor::empty({files.size()})};
  reviews.texts.reserve(files.size());
  for (const File& file : files) {
    reviews.labels.data()[reviews.texts.size()] = file.label;
    reviews.texts.push_back(read_review(file.path));
  }
  return reviews;
}

}  // namespace

Imdb load_imdb(const std::string& folder) {
  const fs::path base(folder);
  for (const fs::path& place : {base / "aclImdb", base}) {
    std::error_code ignored;
    if (!fs::is_directory(place / "train", ignored)) continue;
    return {load_part(place / "train"), load_part(place / "test")};
  }
  detail::fail<IoError>(imdb_op, "train/ was found neither in ", (base / "aclImdb").string(),
                        " nor in ", folder, "; hint: scripts/download_data.sh --only imdb ", folder,
                        " fetches it");
}

}  // namespace tenon::data
