#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tenon/base/shape.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon::data {

/// Whether the first line holds the names of the columns. automatic: yes, unless one of its fields
/// is a number.
enum class CsvHeader { automatic, yes, no };

/// What becomes of a field without a value: an error, or NaN.
enum class CsvMissing { error, nan };

/// A column of a table of text.
struct CsvColumn {
  std::string name;  ///< of the header; without one (or an empty one) its position: "0", "1", ...
  /// Of a column of words: what 0, 1, ... stand for, in the order of their bytes; empty for
  /// numbers.
  std::vector<std::string> categories = {};
};

struct CsvColumns {
  std::vector<CsvColumn> inputs;    ///< those of x, in the order of the file
  std::optional<CsvColumn> target;  ///< that of y
};

struct CsvOptions {
  char delimiter = ',';  ///< an ASCII character, such as ';' or '\t'
  CsvHeader header = CsvHeader::automatic;
  /// The column that becomes y: its name, or its position (-1 is the last one).
  std::optional<std::variant<std::string, Index>> target = std::nullopt;
  CsvMissing missing = CsvMissing::error;
  /// What stands where a value is missing; an empty field always does.
  std::vector<std::string> missing_words = {"NA", "N/A", "NaN", "nan", "null", "NULL"};
  std::vector<std::string> text = {};  ///< columns whose numbers are names: codes, house numbers
  /// The columns of the file that a model was trained on, so that words keep their ids: names and
  /// kinds must be the same, and a word that it does not know is an error. Lives as long as the
  /// call.
  const CsvColumns* like = nullptr;
};

/// A table: N rows, of C columns besides the target.
template <class T>
struct CsvTable {
  BasicTensor<T> x;  ///< (N, C): numbers, and ids of categories
  BasicTensor<T> y;  ///< (N): the target; undefined where none was named
  CsvColumns columns;

  /// y as classes (N). Throws ValueError where there is no y, or one that is not 0, 1, 2, ...
  LongTensor labels() const;
};

/// Reads a table in the format of RFC 4180: a line for each row, fields in quotes where they hold
/// delimiters, line breaks or quotes (doubled).
///   data::CsvTable table = data::load_csv("iris.csv", {.target = "species"});
///   data::TensorDataset train(table.x, table.labels());
/// A column holds numbers or words; words become ids 0, 1, ... A byte-order mark, CRLF, lines
/// without anything and blanks around fields that are not in quotes count for nothing. The file is
/// UTF-8 and read as a whole. T: float, double. Throws IoError, which names file, line and column,
/// where it cannot be read, has a row of another number of fields, mixes numbers and words in a
/// column, or lacks a value; ValueError for options that do not fit the file.
template <class T = float>
TENON_API CsvTable<T> load_csv(const std::string& path, const CsvOptions& options = {});

extern template struct CsvTable<float>;
extern template struct CsvTable<double>;

}  // namespace tenon::data
