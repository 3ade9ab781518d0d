#include "tenon/data/csv.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "data/csv_reader.hpp"

namespace tenon::data {

namespace {

constexpr const char* csv_op = "load_csv";
using Fields = std::vector<std::string>;

/// A field as a number; false where it is a word.
bool to_number(const std::string& field, double& number) {
  const char* begin = field.data();
  const char* end = begin + field.size();
  if (end - begin > 1 && *begin == '+' && begin[1] != '-') ++begin;
  const auto [stop, error] = std::from_chars(begin, end, number);
  if (error == std::errc::invalid_argument || stop != end) return false;
  if (error == std::errc::result_out_of_range) {
    number = std::numeric_limits<double>::infinity();  // refused later, together with 1e39 in float
    return true;
  }
  return !std::isnan(number);
}

bool is_number(const std::string& field) {
  double ignored = 0;
  return to_number(field, ignored);
}

bool is_infinity(const std::string& field) {
  return std::any_of(field.begin(), field.end(), [](char c) { return c == 'i' || c == 'I'; });
}

bool contains(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

void check(const CsvOptions& options) {
  const char c = options.delimiter;
  if (c == '"' || c == '\n' || c == '\r' || c == '\0' || static_cast<unsigned char>(c) >= 128) {
    detail::fail<ValueError>(csv_op, "the delimiter is the character of code ",
                             int{static_cast<unsigned char>(c)},
                             "; hint: an ASCII character that is neither a quote nor a line break");
  }
}

/// What is known of a column while its fields are read.
struct Reading {
  enum class Kind { unknown, number, text };

  CsvColumn column;
  Kind kind = Kind::unknown;
  Index first_line = 0;   // whose field decided the kind
  bool is_fixed = false;  // kind and categories are those of options.like or options.text
  bool is_closed = false;
  std::unordered_map<std::string, Index> ids = {};  // of words, as they came
};

std::vector<Reading> name_columns(const detail::CsvReader& reader, const Fields& first,
                                  bool has_header) {
  std::vector<Reading> columns(first.size());
  std::unordered_set<std::string_view> names;
  for (std::size_t i = 0; i < first.size(); ++i) {
    std::string& name = columns[i].column.name;
    name = has_header && !first[i].empty() ? first[i] : std::to_string(i);
    if (!names.insert(name).second) {
      reader.fail_line(reader.line(), " names two columns ", detail::shown(name),
                       "; hint: rename one, or header = CsvHeader::no where the first line holds "
                       "values");
    }
  }
  return columns;
}

std::string names_of(const std::vector<Reading>& columns) {
  constexpr std::size_t most = 20;
  std::string text;
  for (std::size_t i = 0; i < columns.size() && i < most; ++i) {
    text += (i == 0 ? "" : ", ") + detail::shown(columns[i].column.name);
  }
  return columns.size() > most ? text + ", ..." : text;
}

std::size_t find_column(const std::string& path, const std::vector<Reading>& columns,
                        const std::string& name) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].column.name == name) return i;
  }
  detail::fail<ValueError>(csv_op, path, ": has no column ", detail::shown(name),
                           "; hint: its columns are ", names_of(columns));
}

/// Position of the target; the number of columns where there is none.
std::size_t find_target(const std::string& path, const std::vector<Reading>& columns,
                        const CsvOptions& options) {
  if (!options.target) return columns.size();
  if (const auto* name = std::get_if<std::string>(&*options.target)) {
    return find_column(path, columns, *name);
  }
  const Index wanted = std::get<Index>(*options.target);
  const auto count = static_cast<Index>(columns.size());
  const Index position = wanted < 0 ? wanted + count : wanted;
  if (position < 0 || position >= count) {
    detail::fail<ValueError>(csv_op, path, ": has no column ", wanted, " for the target but ",
                             count, " columns; hint: positions begin at 0, and -1 is the last one");
  }
  return static_cast<std::size_t>(position);
}

void take_kind(const std::string& path, Reading& reading, const CsvColumn& known) {
  if (reading.column.name != known.name) {
    detail::fail<ValueError>(csv_op, path, ": has a column ", detail::shown(reading.column.name),
                             " where ", detail::shown(known.name),
                             " is expected; hint: options.like holds the columns of another file");
  }
  reading.column = known;
  reading.kind = known.categories.empty() ? Reading::Kind::number : Reading::Kind::text;
  reading.is_fixed = reading.is_closed = true;
  for (std::size_t i = 0; i < known.categories.size(); ++i) {
    reading.ids.emplace(known.categories[i], static_cast<Index>(i));
  }
}

void take_kinds(const std::string& path, std::vector<Reading>& columns, std::size_t target,
                const CsvColumns& like) {
  const std::size_t inputs = columns.size() - (target < columns.size() ? 1 : 0);
  if (inputs != like.inputs.size()) {
    detail::fail<ValueError>(csv_op, path, ": has ", inputs, " columns besides the target, not ",
                             like.inputs.size(),
                             "; hint: options.like holds the columns of another file");
  }
  for (std::size_t i = 0, k = 0; i < columns.size(); ++i) {
    if (i != target) {
      take_kind(path, columns[i], like.inputs[k++]);
    } else if (like.target) {
      take_kind(path, columns[i], *like.target);
    }
  }
}

/// Reads fields as numbers.
class Cells {
 public:
  Cells(const detail::CsvReader& reader, const CsvOptions& options, double largest)
      : reader_(reader), options_(options), largest_(largest) {}

  double read(const std::string& field, Reading& reading) const {
    if (field.empty() || contains(options_.missing_words, field)) return missing(field, reading);
    double number = 0;
    const bool is_number =
        !(reading.is_fixed && reading.kind == Reading::Kind::text) && to_number(field, number);
    decide(is_number, field, reading);
    if (!is_number) return static_cast<double>(word(field, reading));
    if (std::abs(number) > largest_ && !is_infinity(field)) {
      fail(reading, "the number ", detail::shown(field), " is too large or too small for ",
           largest_ < 1e300 ? "float" : "double",
           "; hint: ", largest_ < 1e300 ? "load_csv<double>, or another unit" : "another unit");
    }
    return number;
  }

 private:
  template <class... Parts>
  [[noreturn]] void fail(const Reading& reading, const Parts&... parts) const {
    reader_.fail_line(reader_.line(), ", column ", detail::shown(reading.column.name), ": ",
                      parts...);
  }

  double missing(const std::string& field, const Reading& reading) const {
    if (options_.missing == CsvMissing::error) {
      fail(reading, "expected a value but found ", field.empty() ? "none" : detail::shown(field),
           "; hint: missing = CsvMissing::nan reads NaN");
    }
    return std::numeric_limits<double>::quiet_NaN();
  }

  /// A column is what its first field is; a mixture is a slip far more often than meant.
  void decide(bool is_number, const std::string& field, Reading& reading) const {
    const auto kind = is_number ? Reading::Kind::number : Reading::Kind::text;
    if (reading.kind == Reading::Kind::unknown) {
      reading.kind = kind;
      reading.first_line = reader_.line();
    }
    if (reading.kind == kind) return;
    const std::string before = reading.is_fixed ? "the columns of options.like"
                                                : "line " + std::to_string(reading.first_line);
    fail(reading, "expected a ", is_number ? "word" : "number", ", as in ", before, ", but found ",
         detail::shown(field),
         "; hint: name the column in options.text if its numbers are names, or ",
         "the word in options.missing_words");
  }

  Index word(const std::string& field, Reading& reading) const {
    const auto next = static_cast<Index>(reading.ids.size());
    if (!reading.is_closed) return reading.ids.try_emplace(field, next).first->second;
    const auto found = reading.ids.find(field);
    if (found == reading.ids.end()) {
      fail(reading, "expected one of the ", next, " words of options.like but found ",
           detail::shown(field), "; hint: the model was not trained on it");
    }
    return found->second;
  }

  const detail::CsvReader& reader_;
  const CsvOptions& options_;
  const double largest_;  // of the type that is read into
};

/// Sorts the words that were found; the result says which id each of the old ones becomes.
std::vector<Index> sort_categories(Reading& reading) {
  reading.column.categories.reserve(reading.ids.size());
  for (const auto& [word, id] : reading.ids) reading.column.categories.push_back(word);
  std::sort(reading.column.categories.begin(), reading.column.categories.end());
  std::vector<Index> ids(reading.ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const Index old = reading.ids.at(reading.column.categories[i]);
    ids[static_cast<std::size_t>(old)] = static_cast<Index>(i);
  }
  return ids;
}

/// Numbers words in their order, whichever came first.
template <class T>
void renumber(Reading& reading, BasicTensor<T> values) {
  if (reading.is_closed || reading.ids.empty()) return;
  const std::vector<Index> ids = sort_categories(reading);
  for (Index row = 0; row < values.size(0); ++row) {
    T& value = values(row);
    if (!std::isnan(value)) value = static_cast<T>(ids[static_cast<std::size_t>(value)]);
  }
}

/// How many records follow, all of them of that many fields.
Index count_rows(detail::CsvReader& reader, std::size_t columns, Fields& fields) {
  Index rows = 0;
  for (; reader.next(fields); ++rows) {
    if (fields.size() == columns) continue;
    reader.fail_line(reader.line(), " has ", fields.size(), " fields but the first one has ",
                     columns,
                     "; hint: another delimiter, a field that should be in quotes, or a "
                     "truncated file?");
  }
  if (rows == 0) {
    reader.fail(
        "holds a header but no values; hint: header = CsvHeader::no where the first line "
        "holds values");
  }
  return rows;
}

}  // namespace

template <class T>
CsvTable<T> load_csv(const std::string& path, const CsvOptions& options) {
  check(options);
  detail::CsvReader reader(csv_op, path, options.delimiter);
  Fields fields;
  if (!reader.next(fields)) reader.fail("holds no line; hint: a truncated file?");
  const bool has_header = options.header == CsvHeader::automatic
                              ? std::none_of(fields.begin(), fields.end(), is_number)
                              : options.header == CsvHeader::yes;
  std::vector<Reading> columns = name_columns(reader, fields, has_header);
  const std::size_t target = find_target(path, columns, options);
  for (const std::string& name : options.text) {
    Reading& reading = columns[find_column(path, columns, name)];
    reading.kind = Reading::Kind::text;
    reading.is_fixed = true;
  }
  if (options.like != nullptr) take_kinds(path, columns, target, *options.like);

  if (!has_header) reader.rewind();
  const Index rows = count_rows(reader, columns.size(), fields);
  const bool has_target = target < columns.size();
  CsvTable<T> table;
  table.x =
      BasicTensor<T>::empty({rows, static_cast<Index>(columns.size()) - (has_target ? 1 : 0)});
  if (has_target) table.y = BasicTensor<T>::empty({rows});

  reader.rewind();
  if (has_header) reader.next(fields);
  const Cells cells(reader, options, static_cast<double>(std::numeric_limits<T>::max()));
  T* x = table.x.data();
  for (Index row = 0; reader.next(fields); ++row) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      T& to = i == target ? table.y(row) : *x++;
      to = static_cast<T>(cells.read(fields[i], columns[i]));
    }
  }

  Index input = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    renumber(columns[i], i == target ? table.y : table.x.select(1, input++));
    if (i == target) {
      table.columns.target = std::move(columns[i].column);
    } else {
      table.columns.inputs.push_back(std::move(columns[i].column));
    }
  }
  return table;
}

template <class T>
LongTensor CsvTable<T>::labels() const {
  if (!y.defined()) {
    detail::fail<ValueError>("CsvTable::labels",
                             "the table was read without a target; hint: "
                             "load_csv(path, {.target = \"name\"})");
  }
  auto ids = LongTensor::empty(y.shape());
  for (Index i = 0; i < y.size(0); ++i) {
    const auto value = static_cast<double>(y(i));
    if (!(value >= 0 && value < 0x1p53 && value == std::floor(value))) {
      detail::fail<ValueError>("CsvTable::labels", "the target of row ", i, " is ", value,
                               ", not a class 0, 1, 2, ...; hint: y holds it as a number");
    }
    ids(i) = static_cast<Index>(value);
  }
  return ids;
}

template struct CsvTable<float>;
template struct CsvTable<double>;
template CsvTable<float> load_csv(const std::string&, const CsvOptions&);
template CsvTable<double> load_csv(const std::string&, const CsvOptions&);

}  // namespace tenon::data
