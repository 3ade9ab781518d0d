// What a row of the table of operations is checked for. In float
// an operation's largest error may be at most twice that of PyTorch's own float32, in double 1e-12,
// as shares of the largest value of the tensor. $TENON_REPORT_DIR/operations.md gets the table.

#include "table.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <set>

#include "tenon/io/safetensors.hpp"

namespace tenon::test {
namespace {

constexpr double float_epsilon = std::numeric_limits<float>::epsilon();
constexpr double infinity = std::numeric_limits<double>::infinity();

/// What the cases of one operation have shown: largest errors, those against PyTorch as shares of
/// the largest value of the tensor that they occur in.
struct Findings {
  int cases = 0;
  double tenon_float = 0, torch_float = 0, tenon_double = 0;
  double first = 0, second = 0;
  bool has_second = false;
};

/// The rows of the program, and what has been found so far. Written when the program ends.
class Table {
 public:
  static Table& get() {
    static Table table;
    return table;
  }

  ~Table() {
    const char* folder = std::getenv("TENON_REPORT_DIR");
    if (folder == nullptr || findings.size() < calls.size()) return;
    std::ofstream out(std::string(folder) + "/operations.md");
    out << "# The table of operations\n\n"
           "What each differentiable operation has been checked against. Written by the tests:\n"
           "`TENON_REPORT_DIR=docs/reference build/test/tests/tenon_table_tests`.\n\n"
           "- derivatives: by the tape against central differences, in double, the largest\n"
           "  |a - n| / max(1, |a|, |n|); 1e-6 is allowed. \"none\": the gradient cannot be\n"
           "  differentiated again, and says so.\n"
           "- float, PyTorch's float, double: the largest error against PyTorch's result in "
           "double, of\n"
           "  results and gradients, as a share of the tensor's largest value. Tenon's float may "
           "err\n"
           "  twice as much as PyTorch's own (or one unit in the last place), its double 1e-12.\n\n"
           "| operation | cases | first derivative | second derivative | float | PyTorch's float | "
           "double |\n|---|--:|--:|--:|--:|--:|--:|\n";
    out.precision(2);
    for (const auto& [op, f] : findings) {
      out << "| " << op << " | " << f.cases << " | " << f.first << " | ";
      if (f.has_second) {
        out << f.second;
      } else {
        out << "none";
      }
      out << " | " << f.tenon_float << " | " << f.torch_float << " | " << f.tenon_double << " |\n";
    }
  }

  std::map<std::string, Row::Call> calls;
  std::map<std::string, Findings> findings;
};

Tensor call(const std::string& op, Inputs<float>& in, const Json& arguments) {
  return Table::get().calls.at(op).in_float(in, arguments);
}
DoubleTensor call(const std::string& op, Inputs<double>& in, const Json& arguments) {
  return Table::get().calls.at(op).in_double(in, arguments);
}

/// One case of a file: its inputs by name, and where to find what PyTorch made of them.
struct Case {
  const io::TensorDict& file;
  std::string name;
  Json arguments;
  std::vector<std::string> inputs;

  std::string op() const { return arguments["op"]; }
  const io::AnyTensor& input(const std::string& what) const { return file[name + "." + what]; }
  bool is_integer(const std::string& what) const { return input(what).dtype() == DType::int64; }
  /// Whether PyTorch gives it a gradient.
  bool is_tracked(const std::string& what) const {
    return file.contains(name + ".d" + what + "64");
  }
  template <class T>
  BasicTensor<T> result(const std::string& what) const {
    return file.get<T>(name + "." + what + (sizeof(T) == 4 ? "32" : "64"));
  }
};

/// A tensor of the file that is neither a result nor a gradient.
bool is_input(const std::string& what) {
  return what != "dy" && !what.ends_with("32") && !what.ends_with("64");
}

std::vector<Case> cases_of(const io::TensorDict& file) {
  std::vector<Case> cases;
  for (const auto& [name, text] : file.metadata) {
    if (name == "torch") continue;
    Case c{file, name, Json::parse(text), {}};
    for (const auto& [key, tensor] : file) {
      const bool belongs = key.starts_with(name + ".");
      const std::string what = belongs ? key.substr(name.size() + 1) : "";
      if (belongs && what.find('.') == std::string::npos && is_input(what)) {
        c.inputs.push_back(what);
      }
    }
    cases.push_back(std::move(c));
  }
  return cases;
}

// --- against PyTorch
// ------------------------------------------------------------------------------

/// Result and gradients by PyTorch's names, with every input seen through the given layout.
template <class T, class Layout>
std::map<std::string, BasicTensor<T>> run(const Case& c, const Layout& layout) {
  Inputs<T> in;
  Tape tape;
  for (const std::string& what : c.inputs) {
    if (c.is_integer(what)) {
      in.integers[what] = layout(c.input(what).as<std::int64_t>());
    } else {
      const auto x = layout(c.input(what).as<double>().template to<T>());
      in.real[what] = c.is_tracked(what) ? tape.watch(x) : x;
    }
  }
  std::map<std::string, BasicTensor<T>> results;
  results["y"] = call(c.op(), in, c.arguments);
  const auto dy = layout(c.file.get<double>(c.name + ".dy").template to<T>());
  const Gradients gradients = tape.gradients(results["y"], dy);
  for (const std::string& what : c.inputs) {
    if (c.is_tracked(what)) results["d" + what] = gradients[in.real[what]];
  }
  return results;
}

double largest(const DoubleTensor& x) {
  double value = 0;
  for (double v : values_of(x)) value = std::max(value, std::abs(v));
  return value;
}

/// max |x - expected|; infinite for a NaN or another shape.
template <class T>
double distance(const BasicTensor<T>& x, const DoubleTensor& expected) {
  if (!(x.shape() == expected.shape())) return infinity;
  const auto a = values_of(x);
  const auto b = values_of(expected);
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double error = std::abs(static_cast<double>(a[i]) - b[i]);
    worst = std::isnan(error) ? infinity : std::max(worst, error);
  }
  return worst;
}

template <class Layout>
void compare_with_pytorch(const Case& c, Findings& found, const Layout& layout) {
  const auto in_float = run<float>(c, layout);
  const auto in_double = run<double>(c, layout);
  for (const auto& [what, y] : in_float) {
    CAPTURE(what, y.shape());
    const DoubleTensor expected = c.result<double>(what);
    const double scale = largest(expected);
    const double tenon_double = distance(in_double.at(what), expected);
    CHECK(tenon_double <= 1e-12 * scale);
    const double tenon_float = distance(y, expected);
    const double torch_float = distance(c.result<float>(what), expected);
    if (scale == 0) {
      CHECK(tenon_float == 0);
      continue;
    }
    found.tenon_double = std::max(found.tenon_double, tenon_double / scale);
    found.tenon_float = std::max(found.tenon_float, tenon_float / scale);
    found.torch_float = std::max(found.torch_float, torch_float / scale);
  }
}

// --- against central differences
// ------------------------------------------------------------------

/// x with every magnitude brought into [0.1, 0.9] and no two alike: signs stay, numbers in [0, 1]
/// stay there, and what has no derivative at 0, at ties or far out is left alone.
DoubleTensor tamed(const DoubleTensor& x) {
  DoubleTensor y = x.clone();
  for (Index i = 0; i < y.numel(); ++i) {
    double& v = y.data()[i];
    const double golden = 0.6180339887 * static_cast<double>(i);
    const double size = 0.1 + 0.7 * std::abs(v) / (1 + std::abs(v));
    v = std::copysign(size + 0.1 * (golden - std::floor(golden)), v);
  }
  return y;
}

Index size_of(const Case& c) {
  Index size = 0;
  for (const std::string& what : c.inputs) {
    if (c.is_tracked(what)) size += c.input(what).as<double>().numel();
  }
  return size;
}

void check_derivatives(const Case& c, Findings& found) {
  std::vector<std::string> tracked;
  std::vector<DoubleTensor> point;
  Inputs<double> constants;
  for (const std::string& what : c.inputs) {
    if (c.is_integer(what)) {
      constants.integers[what] = c.input(what).as<std::int64_t>();
    } else if (c.is_tracked(what)) {
      tracked.push_back(what);
      point.push_back(tamed(c.input(what).as<double>()));
    } else {
      constants.real[what] = tamed(c.input(what).as<double>());
    }
  }
  const auto f = [&](const std::vector<DoubleTensor>& x) {
    Inputs<double> in = constants;
    for (std::size_t i = 0; i < x.size(); ++i) in.real[tracked[i]] = x[i];
    return call(c.op(), in, c.arguments);
  };
  const auto worst = [](double a, double b) { return std::isnan(b) ? infinity : std::max(a, b); };
  const GradcheckResult first = gradcheck(f, point);
  INFO("first derivative: " << first.report);
  CHECK(first.passed);
  found.first = worst(found.first, first.max_error);
  try {
    const GradcheckResult second = gradgradcheck(f, point);
    INFO("second derivative: " << second.report);
    CHECK(second.passed);
    found.second = worst(found.second, second.max_error);
    found.has_second = true;
  } catch (const TapeError& error) {
    INFO(error.what());
    CHECK(std::string(error.what()).find("second derivative") != std::string::npos);
  }
}

/// The operation's smallest case that has elements, and all the small ones. Not those whose
/// gradient is 0 by decree: that of the row of padding.
std::set<std::string> cases_to_differentiate(const std::vector<Case>& cases,
                                             const std::string& op) {
  constexpr Index small = 200;
  std::set<std::string> names;
  const Case* smallest = nullptr;
  for (const Case& c : cases) {
    const Index size = size_of(c);
    if (c.op() != op || size == 0 || c.arguments.contains("padding_idx")) continue;
    if (size <= small) names.insert(c.name);
    if (smallest == nullptr || size < size_of(*smallest)) smallest = &c;
  }
  if (smallest != nullptr) names.insert(smallest->name);
  return names;
}

}  // namespace

void Row::add(const std::string& name, Call call) {
  Table::get().calls.emplace(name, std::move(call));
}

std::vector<std::string> rows() {
  std::vector<std::string> names;
  for (const auto& [name, call] : Table::get().calls) names.push_back(name);
  return names;
}

void check_file(const std::string& stem) {
  const auto file = io::load_safetensors(TENON_TEST_DATA_DIR "/pytorch/" + stem + ".safetensors");
  const std::vector<Case> cases = cases_of(file);
  std::set<std::string> ops;
  for (const Case& c : cases) {
    CAPTURE(c.name, c.arguments.dump());
    REQUIRE(Table::get().calls.count(c.op()) == 1);
    Findings& found = Table::get().findings[c.op()];
    compare_with_pytorch(c, found, [](const auto& x) { return x; });
    compare_with_pytorch(c, found, [](const auto& x) { return transposed_storage(x); });
    compare_with_pytorch(c, found, [](const auto& x) { return sliced_storage(x); });
    ++found.cases;
    ops.insert(c.op());
  }
  CHECK_FALSE(ops.empty());
  for (const std::string& op : ops) {
    CAPTURE(op);
    Findings& found = Table::get().findings[op];
    const std::set<std::string> chosen = cases_to_differentiate(cases, op);
    CHECK_FALSE(chosen.empty());
    for (const Case& c : cases) {
      CAPTURE(c.name);
      if (chosen.count(c.name) > 0) check_derivatives(c, found);
    }
    // One small tensor's error is a matter of luck, so they are compared over all cases. Where
    // PyTorch is exact, one unit in the last place is still allowed.
    CHECK(found.tenon_float <= std::max(2 * found.torch_float, float_epsilon));
  }
}

}  // namespace tenon::test
