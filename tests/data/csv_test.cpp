#include "tenon/data/csv.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "catch.hpp"
#include "temporary_folder.hpp"
#include "tenon/base/error.hpp"
#include "tenon/data/dataset.hpp"
#include "tenon/tensor/factories.hpp"

using namespace tenon;
using namespace tenon::test;
using data::CsvHeader;
using data::CsvMissing;
using data::CsvOptions;
using data::load_csv;

namespace {

using Words = std::vector<std::string>;

/// A file of that text, as long as the object lives.
struct File {
  explicit File(std::string_view text) : path(folder.file("x.csv")) { write_bytes(path, text); }
  TemporaryFolder folder;
  std::string path;
};

data::CsvTable<float> table_of(std::string_view text, const CsvOptions& options = {}) {
  return load_csv(File(text).path, options);
}

/// What is said of a file of that text, without its path.
template <class E = IoError>
std::string said_of(std::string_view text, const CsvOptions& options = {}) {
  const File file(text);
  std::string said = message_of<E>([&] { load_csv(file.path, options); });
  const auto at = said.find(file.path + ": ");
  if (at != std::string::npos) said.erase(at, file.path.size() + 2);
  return said;
}

Words names_of(const data::CsvTable<float>& table) {
  Words names;
  for (const auto& column : table.columns.inputs) names.push_back(column.name);
  return names;
}

}  // namespace

TEST_CASE("A table of numbers and words becomes tensors", "[data][csv][tiny]") {
  const File file(
      "length,colour,width,species\n"
      "5.1,red,3.5,setosa\n"
      "4.9,blue,-3,virginica\n"
      "6e-1,red,+2.25,setosa\n");
  const auto table = load_csv(file.path, {.target = "species"});
  CHECK(names_of(table) == Words{"length", "colour", "width"});
  CHECK(equal(table.x, tensor({{5.1, 1, 3.5}, {4.9, 0, -3}, {0.6, 1, 2.25}})));
  CHECK(table.columns.inputs[0].categories.empty());
  CHECK(table.columns.inputs[1].categories == Words{"blue", "red"});
  REQUIRE(table.columns.target.has_value());
  CHECK(table.columns.target->name == "species");
  CHECK(table.columns.target->categories == Words{"setosa", "virginica"});
  CHECK(equal(table.labels(), tensor<std::int64_t>({0, 1, 0})));

  const data::TensorDataset train(table.x, table.labels());
  CHECK(train.size() == 3);
}

TEST_CASE("The header is recognised by holding no number, or asked for", "[data][csv]") {
  CHECK(names_of(table_of("a,b\n1,2\n")) == Words{"a", "b"});
  CHECK(table_of("a,b\n1,2\n").x.shape() == Shape{1, 2});
  // One number is enough to make a line of values.
  CHECK(names_of(table_of("a,1\nb,2\n")) == Words{"0", "1"});
  CHECK(equal(table_of("a,1\nb,2\n").x, tensor({{0, 1}, {1, 2}})));
  // Words alone: the first line is taken for the names unless it is said that it is none.
  CHECK(table_of("a,b\nc,d\n").x.shape() == Shape{1, 2});
  CHECK(table_of("a,b\nc,d\n", {.header = CsvHeader::no}).x.shape() == Shape{2, 2});
  // Years are numbers; these are names.
  const auto years = table_of("2019,2020\n1,2\n3,4\n", {.header = CsvHeader::yes});
  CHECK(names_of(years) == Words{"2019", "2020"});
  CHECK(equal(years.x, tensor({{1, 2}, {3, 4}})));
  // R writes no name above the names of rows.
  CHECK(names_of(table_of("\"\",x\n7,8\n")) == Words{"0", "x"});
}

TEST_CASE("Any column can be the target, by name or position, or none", "[data][csv]") {
  const char* text = "a,b,c\n1,2,3\n4,5,6\n";
  const auto none = table_of(text);
  CHECK_FALSE(none.y.defined());
  CHECK_FALSE(none.columns.target.has_value());
  CHECK(none.x.shape() == Shape{2, 3});
  for (const CsvOptions& options :
       {CsvOptions{.target = "b"}, CsvOptions{.target = 1}, CsvOptions{.target = -2}}) {
    const auto table = table_of(text, options);
    CHECK(equal(table.y, tensor({2, 5})));
    CHECK(equal(table.x, tensor({{1, 3}, {4, 6}})));
    CHECK(names_of(table) == Words{"a", "c"});
    CHECK(table.columns.target->name == "b");
  }
  CHECK(equal(table_of(text, {.target = 0}).y, tensor({1, 4})));
  CHECK(equal(table_of("1,2\n3,4\n", {.target = "1"}).y, tensor({2, 4})));
  CHECK(table_of("7\n8\n", {.target = 0}).x.shape() == Shape{2, 0});
}

TEST_CASE("Quotes, line breaks, marks and blank lines are those of RFC 4180 and its users",
          "[data][csv]") {
  const auto words = [](std::string_view text) {
    return table_of(text, {.header = CsvHeader::no}).columns.inputs[0].categories;
  };
  CHECK(words("\"a,b\",1\n") == Words{"a,b"});
  CHECK(words("\"say \"\"hi\"\"\",1\n") == Words{"say \"hi\""});
  CHECK(words("\"two\r\nlines\",1\n") == Words{"two\r\nlines"});
  CHECK(words("\"\"\"\",1\n") == Words{"\""});
  CHECK(words("\" kept \",1\n") == Words{" kept "});
  CHECK(words("  not kept\t,1\n") == Words{"not kept"});
  CHECK(words(" \"a,b\" ,1\n") == Words{"a,b"});
  CHECK(words("Z\xC3\xBCrich,1\n") == Words{"Z\xC3\xBCrich"});

  const Tensor expected = tensor({{1, 2}, {3, 4}});
  CHECK(equal(table_of("1,2\n3,4\n").x, expected));
  CHECK(equal(table_of("1,2\n3,4").x, expected));
  CHECK(equal(table_of("1,2\r\n3,4\r\n").x, expected));
  CHECK(equal(table_of("1,2\r3,4\r").x, expected));
  CHECK(equal(table_of("\n\r\n1,2\n  \n\t\n3,4\n\n\n").x, expected));
  CHECK(equal(table_of("\xEF\xBB\xBF"
                       "1,2\n3,4\n")
                  .x,
              expected));
  CHECK(names_of(table_of("\xEF\xBB\xBF\"a\",b\n1,2\n")) == Words{"a", "b"});
  CHECK(equal(table_of(" 1 , \"2\"\n3\t,4 \n").x, expected));
  CHECK(equal(table_of("1;2\n3;4\n", {.delimiter = ';'}).x, expected));
  CHECK(equal(table_of("1\t2\n3\t4\n", {.delimiter = '\t'}).x, expected));
  CHECK(equal(table_of("1 2\n3 4\n", {.delimiter = ' '}).x, expected));
}

TEST_CASE("Missing values are refused, or NaN", "[data][csv]") {
  const CsvOptions lenient{.missing = CsvMissing::nan};
  const Tensor x = table_of("a,b\n1,x\n,NA\nnan,y\n-2,\"\"\n", lenient).x;
  CHECK(x(0, 0) == 1);
  CHECK(std::isnan(x(1, 0)));
  CHECK(std::isnan(x(2, 0)));
  CHECK(x(3, 0) == -2);
  CHECK(x(0, 1) == 0);
  CHECK(std::isnan(x(1, 1)));
  CHECK(x(2, 1) == 1);
  CHECK(std::isnan(x(3, 1)));
  CHECK(std::isnan(
      table_of("?\n1\n",
               {.header = CsvHeader::no, .missing = CsvMissing::nan, .missing_words = {"?"}})
          .x(0, 0)));
  CHECK(std::isnan(table_of("a,b\n,1\n,2\n", lenient).x(1, 0)));
  // A single column: a line without anything is none, quotes around nothing are a missing value.
  CHECK(table_of("1\n\n\"\"\n", lenient).x.shape() == Shape{2, 1});

  CHECK(said_of("a,b\n1,2\n3,\n") ==
        "[load_csv] line 3, column 'b': expected a value but found none; hint: missing = "
        "CsvMissing::nan reads NaN");
  CHECK(said_of("a,b\n1,2\nnull,3\n") ==
        "[load_csv] line 3, column 'a': expected a value but found 'null'; hint: missing = "
        "CsvMissing::nan reads NaN");
}

TEST_CASE("A column of codes can be told to hold words", "[data][csv]") {
  const auto table = table_of("zip,n\n04109,1\n10115,2\n04109,3\n", {.text = {"zip"}});
  CHECK(table.columns.inputs[0].categories == Words{"04109", "10115"});
  CHECK(equal(table.x, tensor({{0, 1}, {1, 2}, {0, 3}})));
  CHECK(said_of<ValueError>("a,b\n1,2\n", {.text = {"zip"}}) ==
        "[load_csv] has no column 'zip'; hint: its columns are 'a', 'b'");
}

TEST_CASE("Words keep their ids from file to file", "[data][csv]") {
  const auto train = table_of("colour,n,kind\nred,1,b\nblue,2,a\n", {.target = "kind"});
  const auto test =
      table_of("colour,n,kind\nred,3,a\n", {.target = "kind", .like = &train.columns});
  CHECK(equal(test.x, tensor({{1, 3}})));
  CHECK(equal(test.y, tensor({0})));
  CHECK(test.columns.inputs[0].categories == Words{"blue", "red"});
  // Without the target: what is to be predicted.
  CHECK(equal(table_of("colour,n\nblue,7\n", {.like = &train.columns}).x, tensor({{0, 7}})));

  CHECK(said_of("colour,n\nblue,7\ngreen,8\n", {.like = &train.columns}) ==
        "[load_csv] line 3, column 'colour': expected one of the 2 words of options.like but found "
        "'green'; hint: the model was not trained on it");
  CHECK(said_of("colour,n\nblue,seven\n", {.like = &train.columns}) ==
        "[load_csv] line 2, column 'n': expected a number, as in the columns of options.like, but "
        "found 'seven'; hint: name the column in options.text if its numbers are names, or the "
        "word in options.missing_words");
  CHECK(said_of<ValueError>("n,colour\n7,blue\n", {.like = &train.columns}) ==
        "[load_csv] has a column 'n' where 'colour' is expected; hint: options.like holds the "
        "columns of another file");
  CHECK(said_of<ValueError>("colour,n,m\nblue,1,2\n", {.like = &train.columns}) ==
        "[load_csv] has 3 columns besides the target, not 2; hint: options.like holds the columns "
        "of another file");
}

TEST_CASE("Double holds what float does not", "[data][csv]") {
  const File file("a\n1e300\n16777217\n-inf\n");
  const auto table = load_csv<double>(file.path);
  CHECK(table.x(0, 0) == 1e300);
  CHECK(table.x(1, 0) == 16777217);
  CHECK(table.x(2, 0) == -std::numeric_limits<double>::infinity());
  CHECK(said_of("a\n1\n1e300\n") ==
        "[load_csv] line 3, column 'a': the number '1e300' is too large or too small for float; "
        "hint: load_csv<double>, or another unit");
  CHECK(message_of<IoError>([] {
          load_csv<double>(File("a\n1e999\n").path);
        }).find("is too large or too small for double; hint: another unit") != std::string::npos);
}

TEST_CASE("What is wrong with a table is said with its line and column", "[data][csv]") {
  CHECK(said_of("a,b\n1,2\n\n3,x4\n") ==
        "[load_csv] line 4, column 'b': expected a number, as in line 2, but found 'x4'; hint: "
        "name the column in options.text if its numbers are names, or the word in "
        "options.missing_words");
  CHECK(said_of("a,b\nx,2\n5,3\n") ==
        "[load_csv] line 3, column 'a': expected a word, as in line 2, but found '5'; hint: name "
        "the column in options.text if its numbers are names, or the word in "
        "options.missing_words");
  // Lines are counted where there are breaks within quotes, too.
  CHECK(said_of("a,b\n\"x\ny\",2\nz,1.2.3\n")
            .starts_with("[load_csv] line 4, column 'b': expected a number, as in line 2, but"));
  CHECK(said_of("a,b\n1,2\n3\n") ==
        "[load_csv] line 3 has 1 fields but the first one has 2; hint: another delimiter, a field "
        "that should be in quotes, or a truncated file?");
  CHECK(said_of("1,2\n3,4,5\n").starts_with("[load_csv] line 2 has 3 fields but"));
  CHECK(said_of("a\n1\n\"2\n3\n") ==
        "[load_csv] line 3 begins a field with a quote that is never closed; hint: a truncated "
        "file, or a quote that should be doubled");
  CHECK(said_of("a\n\"x\ny\" z\n") ==
        "[load_csv] line 3 goes on behind a closing quote; hint: quotes inside of a field are "
        "doubled");
  CHECK(said_of("a\n5\" disk\n") ==
        "[load_csv] line 2 has a quote inside of a field that does not begin with one; hint: "
        "\"5\"\" disk\" is 5\" disk");
  CHECK(said_of("a,b,a\n1,2,3\n") ==
        "[load_csv] line 1 names two columns 'a'; hint: rename one, or header = CsvHeader::no "
        "where the first line holds values");
  CHECK(said_of("") == "[load_csv] holds no line; hint: a truncated file?");
  CHECK(said_of("\n \n\xEF\xBB\xBF").starts_with("[load_csv] holds a header but"));
  CHECK(said_of("a,b\n") ==
        "[load_csv] holds a header but no values; hint: header = CsvHeader::no where the first "
        "line holds values");
  CHECK(said_of(std::string_view("a\n1\n2\0\n", 7)) ==
        "[load_csv] line 3 holds a zero byte; hint: is it a table of text?");
  CHECK(said_of("a\nZ\xFCrich\n") ==
        "[load_csv] line 2 is not UTF-8; hint: for a table of Western Europe, iconv -f "
        "WINDOWS-1252 -t UTF-8");
  CHECK(said_of(std::string_view("\xFF\xFE"
                                 "a\0",
                                 4)) ==
        "[load_csv] is UTF-16; hint: save it as UTF-8, or iconv -f UTF-16 -t UTF-8");
  CHECK(said_of("a\nx\n\x01" + std::string(100, 'y') + "\n4\n").find("'4'") != std::string::npos);
  CHECK(said_of("a\n1\n\x01" + std::string(100, 'y') + "\n")
            .find("found '?" + std::string(59, 'y') + "...'; hint") != std::string::npos);

  const TemporaryFolder folder;
  CHECK(message_of<IoError>([&] { load_csv(folder.file("none.csv")); }).find("cannot be opened") !=
        std::string::npos);
  CHECK(message_of<IoError>([&] { load_csv(folder.path()); }).find("is a folder") !=
        std::string::npos);
}

TEST_CASE("Options that do not fit a table are refused", "[data][csv]") {
  CHECK(said_of<ValueError>("a,b\n1,2\n", {.target = "c"}) ==
        "[load_csv] has no column 'c'; hint: its columns are 'a', 'b'");
  CHECK(said_of<ValueError>("a,b\n1,2\n", {.target = 2}) ==
        "[load_csv] has no column 2 for the target but 2 columns; hint: positions begin at 0, and "
        "-1 is the last one");
  CHECK(said_of<ValueError>("a,b\n1,2\n", {.target = -3}).find("no column -3") !=
        std::string::npos);
  for (const char c : {'"', '\n', '\r', '\0', '\xFF'}) {
    CHECK(said_of<ValueError>("1\n", {.delimiter = c}).find("the delimiter is the character of") !=
          std::string::npos);
  }
  std::string wide = "c0";
  for (int i = 1; i < 30; ++i) wide += ",c" + std::to_string(i);
  CHECK(said_of<ValueError>(wide + "\n", {.target = "x"}).ends_with("'c18', 'c19', ..."));
}

TEST_CASE("Labels are the target's numbers where these are classes", "[data][csv]") {
  CHECK(equal(table_of("a,b\n1,0\n2,3\n", {.target = "b"}).labels(), tensor<std::int64_t>({0, 3})));
  CHECK(message_of<ValueError>([] { table_of("a,b\n1,0\n").labels(); }) ==
        "[CsvTable::labels] the table was read without a target; hint: load_csv(path, {.target = "
        "\"name\"})");
  CHECK(message_of<ValueError>([] { table_of("a,b\n1,0\n2,0.5\n", {.target = "b"}).labels(); }) ==
        "[CsvTable::labels] the target of row 1 is 0.5, not a class 0, 1, 2, ...; hint: y holds "
        "it as a number");
  CHECK_THROWS_AS(table_of("a,b\n1,-1\n", {.target = "b"}).labels(), ValueError);
  CHECK_THROWS_AS(table_of("a,b\n1,\n", {.target = "b", .missing = CsvMissing::nan}).labels(),
                  ValueError);
}

TEST_CASE("Wide and long tables take time that grows with their size only", "[data][csv]") {
  const std::string commas(200000, ',');
  CHECK(table_of(commas + "\n" + commas + "\n", {.missing = CsvMissing::nan}).x.shape() ==
        Shape{1, 200001});
  std::string lines;
  for (int i = 0; i < 100000; ++i) lines += "w" + std::to_string(i % 5000) + "\n";
  const auto table = table_of(lines, {.header = CsvHeader::no});
  CHECK(table.columns.inputs[0].categories.size() == 5000);
  CHECK(table.x(0, 0) == table.x(5000, 0));
}
