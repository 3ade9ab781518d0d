#include "io/safetensors_header.hpp"

#include <nlohmann/json.hpp>
#include <set>

namespace tenon::detail {

namespace {

/// Receives the parser's events in the order of the text (nlohmann's SAX interface).
class Reader {
 public:
  explicit Reader(const InputFile& file) : file_(file) {}

  SafetensorsHeader take() { return std::move(header_); }

  bool start_object(std::size_t) {
    if (level_ >= Level::entry) refuse("an object");
    level_ = level_ == Level::outside ? Level::names : Level::entry;
    if (level_ == Level::entry) fields_.clear();
    return true;
  }
  bool end_object() {
    if (level_ == Level::entry && !in_metadata_) {
      for (const char* field : {"dtype", "shape", "data_offsets"}) {
        if (!fields_.contains(field))
          file_.fail("tensor ", in_quotes(name_), " has no ", field, hint);
      }
      if (offsets_.size() != 2) {
        file_.fail("tensor ", in_quotes(name_), " has ", offsets_.size(), " data_offsets, not 2",
                   hint);
      }
      entry_.begin = offsets_[0];
      entry_.end = offsets_[1];
      header_.entries.push_back(std::move(entry_));
    }
    level_ = level_ == Level::entry ? Level::names : Level::outside;
    return true;
  }
  bool key(std::string& text) {
    if (level_ == Level::names) return start_entry(text);
    if (!fields_.insert(text).second) {
      file_.fail("the header's ", in_quotes(name_), " has ", in_quotes(text), " twice", hint);
    }
    field_ = text;
    const bool known = text == "dtype" || text == "shape" || text == "data_offsets";
    if (!in_metadata_ && !known) {
      file_.fail("tensor ", in_quotes(name_), " has a field ", in_quotes(text),
                 " that the format does not know", hint);
    }
    return true;
  }
  bool start_array(std::size_t) {
    if (level_ != Level::entry || in_metadata_ || field_ == "dtype") refuse("a list");
    level_ = Level::list;
    return true;
  }
  bool end_array() {
    level_ = Level::entry;
    return true;
  }
  bool string(std::string& text) {
    if (level_ != Level::entry || (!in_metadata_ && field_ != "dtype")) refuse("text");
    (in_metadata_ ? header_.metadata[field_] : entry_.dtype) = text;
    return true;
  }
  bool number_unsigned(std::uint64_t number) {
    if (level_ != Level::list) refuse("a number");
    auto& list = field_ == "shape" ? entry_.shape : offsets_;
    if (list.size() == static_cast<std::size_t>(max_rank)) {
      file_.fail("tensor ", in_quotes(name_), " has more than ", max_rank, " entries in its ",
                 field_, "; hint: Tenon's tensors have at most ", max_rank, " dimensions");
    }
    list.push_back(number);
    return true;
  }

  bool null() { refuse("null"); }
  bool boolean(bool) { refuse("true or false"); }
  bool number_integer(std::int64_t) { refuse("a negative number"); }
  bool number_float(double, const std::string&) { refuse("a fraction or a number too large"); }
  bool binary(nlohmann::json::binary_t&) { refuse("binary data"); }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) {
    file_.fail("the header is not valid JSON at its byte ", position,
               "; hint: damaged, or not a safetensors file?");
  }

 private:
  enum class Level { outside, names, entry, list };
  static constexpr const char* hint = "; hint: the header is damaged";

  bool start_entry(const std::string& name) {
    if (!names_.insert(name).second) {
      file_.fail("the header has the name ", in_quotes(name), " twice", hint);
    }
    name_ = name;
    field_.clear();
    in_metadata_ = name == "__metadata__";
    entry_ = {};
    entry_.name = name;
    offsets_.clear();
    return true;
  }

  [[noreturn]] void refuse(const char* what) const {
    file_.fail("the header has ", what,
               level_ == Level::outside ? " where it should start" : " in ",
               level_ == Level::outside ? "" : in_quotes(field_.empty() ? name_ : field_),
               level_ == Level::outside || field_.empty() ? "" : " of " + in_quotes(name_),
               ", which the format does not allow", hint);
  }

  const InputFile& file_;
  SafetensorsHeader header_;
  Level level_ = Level::outside;
  bool in_metadata_ = false;
  std::string name_;
  std::string field_;
  SafetensorsEntry entry_;
  std::vector<std::uint64_t> offsets_;
  std::set<std::string> names_;
  std::set<std::string> fields_;
};

}  // namespace

SafetensorsHeader parse_safetensors_header(const InputFile& file, const std::string& text) {
  Reader reader(file);
  nlohmann::json::sax_parse(text, &reader);
  return reader.take();
}

}  // namespace tenon::detail
