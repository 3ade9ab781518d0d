// No public operation without a row in the table, no row without cases, and none that the table in
// docs/reference does not show.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "table.hpp"
#include "tenon/io/safetensors.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

namespace fs = std::filesystem;
using Names = std::set<std::string>;

const fs::path root = fs::path(TENON_TEST_DATA_DIR) / ".." / "..";

/// Operations that have no row, each with the reason.
const std::map<std::string, std::string> without_row = {
    {"alibi_bias", "a constant"},
    {"alibi_slopes", "a constant"},
    {"dropout", "random: its test compares with its own mask"},
    {"dropout1d", "random: dropout of a constant, times x"},
    {"dropout2d", "random: dropout of a constant, times x"},
    {"gradient", "takes a function: tests/ops/derivatives_test.cpp"},
    {"hessian", "takes a function: tests/ops/derivatives_test.cpp"},
    {"hvp", "takes a function: tests/ops/derivatives_test.cpp"},
    {"jacobian", "takes a function: tests/ops/derivatives_test.cpp"},
    {"jvp", "takes a function: tests/ops/derivatives_test.cpp"},
    {"one_hot", "a constant"},
    {"sampling_probabilities", "without gradient"},
    {"sinusoidal_positions", "a constant"},
    {"unique", "without gradient"},
    {"vjp", "takes a function: tests/ops/derivatives_test.cpp"},
};

std::string text_of(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A header without its `namespace detail` blocks, whose names are not the user's.
std::string public_part(const std::string& text) {
  std::istringstream lines(text);
  std::string line, kept;
  int depth = 0;
  bool in_detail = false;
  while (std::getline(lines, line)) {
    if (line.starts_with("namespace detail {")) in_detail = true;
    if (in_detail) {
      depth += static_cast<int>(std::count(line.begin(), line.end(), '{'));
      depth -= static_cast<int>(std::count(line.begin(), line.end(), '}'));
      in_detail = depth > 0;
    } else {
      kept += line + '\n';
    }
  }
  return kept;
}

/// Functions of a header that return something of T, by the names that the table has for operators.
Names operations_of(const fs::path& header) {
  static const std::regex function(
      "(?:^|\\n)(?:TENON_API )?(?:inline )?(?:std::(?:vector|pair|tuple)<)?[\\w:]+<T>(?:>|, .*>)? "
      "(operator.|\\w+)\\(");
  static const std::map<std::string, std::string> operators = {
      {"operator+", "add"}, {"operator-", "sub"}, {"operator*", "mul"}, {"operator/", "div"}};
  const std::string text = public_part(text_of(header));
  Names names;
  for (std::sregex_iterator i(text.begin(), text.end(), function), end; i != end; ++i) {
    const std::string name = (*i)[1];
    names.insert(operators.count(name) > 0 ? operators.at(name) : name);
  }
  return names;
}

Names public_operations() {
  Names names;
  for (const auto& entry : fs::directory_iterator(root / "include" / "tenon" / "ops")) {
    names.merge(operations_of(entry.path()));
  }
  for (const std::string& name : operations_of(root / "include" / "tenon" / "linalg.hpp")) {
    names.insert("linalg::" + name);
  }
  return names;
}

/// Names that the files of PyTorch's vectors have cases for.
Names operations_with_cases() {
  Names names;
  for (const auto& entry : fs::directory_iterator(root / "tests" / "data" / "pytorch")) {
    if (entry.path().extension() != ".safetensors") continue;
    for (const auto& [name, text] : io::load_safetensors(entry.path().string()).metadata) {
      const Json k = Json::parse(text, nullptr, false);
      if (k.is_object() && k.contains("op")) names.insert(k["op"]);
    }
  }
  return names;
}

}  // namespace

TEST_CASE("Every public operation has a row in the table", "[table]") {
  const std::vector<std::string> present = rows();
  const Names operations = public_operations();
  CHECK(operations.size() > 90);
  for (const std::string& op : operations) {
    CAPTURE(op);
    const bool has_row = std::count(present.begin(), present.end(), op) > 0;
    CHECK(has_row != (without_row.count(op) > 0));
  }
  for (const auto& [op, reason] : without_row) {
    CAPTURE(op, reason);
    CHECK(operations.count(op) == 1);
  }
}

TEST_CASE("Every row of the table has cases", "[table]") {
  const Names with_cases = operations_with_cases();
  for (const std::string& op : rows()) {
    CAPTURE(op);
    CHECK(with_cases.count(op) == 1);
  }
}

TEST_CASE("The table in docs/reference shows every row", "[table]") {
  const std::string text = text_of(root / "docs" / "reference" / "operations.md");
  for (const std::string& op : rows()) {
    CAPTURE(op);
    CHECK(text.find("| " + op + " |") != std::string::npos);
  }
}
