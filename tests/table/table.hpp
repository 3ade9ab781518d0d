#pragma once

// The table of operations: what each differentiable operation is checked against, a row for each.
//
//   const Row row{"l1_loss", [](auto& in, const Json& k) {
//     return l1_loss(in["x"], in["t"], reduction_of(k));
//   }};
//   TEST_CASE("Losses agree with PyTorch", "[table]") { check_file("losses"); }
//
// A row says how to call the operation for a case of a file in tests/data/pytorch, whose metadata
// names it as "op"; the scripts there say how the files came about. A public operation without a
// row fails a test, and so does a row without a case.

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "catch.hpp"
#include "ops_support.hpp"
#include "tenon/tenon.hpp"

namespace tenon::test {

using Json = nlohmann::json;

/// The tensors of a case by their names in its file.
template <class T>
struct Inputs {
  std::map<std::string, BasicTensor<T>> real;
  std::map<std::string, LongTensor> integers;

  /// An undefined tensor where the case has none of that name.
  const BasicTensor<T>& operator[](const std::string& name) { return real[name]; }
  const LongTensor& ids(const std::string& name) { return integers.at(name); }
  /// A mask kept as ones and zeros, undefined where the case has none.
  BoolTensor mask(const std::string& name) {
    return integers.count(name) == 0 ? BoolTensor() : integers[name].template to<bool>();
  }
};

/// Adds an operation to the table; f(inputs, arguments) calls it in float and in double.
class Row {
 public:
  template <class F>
  Row(const std::string& name, F f) {
    add(name, {f, f});
  }

  struct Call {
    std::function<Tensor(Inputs<float>&, const Json&)> in_float;
    std::function<DoubleTensor(Inputs<double>&, const Json&)> in_double;
  };

 private:
  static void add(const std::string& name, Call call);
};

/// The operations that have a row, in alphabetical order.
std::vector<std::string> rows();

/// Checks every case of tests/data/pytorch/<stem>.safetensors: results and gradients in float and
/// double against PyTorch's for three layouts of the inputs, and first and second derivatives
/// against central differences at a tamer point.
void check_file(const std::string& stem);

// --- a case's arguments
// --------------------------------------------------------------------------

inline Shape shape_of(const Json& list) {
  Shape shape;
  for (const auto& item : list) shape.push_back(item.get<Index>());
  return shape;
}

inline Index index_of(const Json& arguments, const char* name, Index otherwise = 0) {
  return arguments.value(name, otherwise);
}

inline Pair pair_of(const Json& arguments, const char* name, Index otherwise) {
  if (!arguments.contains(name)) return otherwise;
  return {arguments[name][0].get<Index>(), arguments[name][1].get<Index>()};
}

inline Reduction reduction_of(const Json& arguments) {
  const std::string name = arguments["reduction"];
  return name == "none" ? Reduction::none : name == "sum" ? Reduction::sum : Reduction::mean;
}

/// The numbers of a list as a constant, undefined where there is none of that name.
template <class T>
BasicTensor<T> list_of(const Json& arguments, const char* name) {
  if (!arguments.contains(name)) return {};
  return from_container(arguments[name].get<std::vector<T>>());
}

/// All of the inputs a, b, c that the case has.
template <class T>
std::vector<BasicTensor<T>> parts_of(Inputs<T>& in) {
  std::vector<BasicTensor<T>> parts{in["a"], in["b"]};
  if (in["c"].defined()) parts.push_back(in["c"]);
  return parts;
}

/// Several results one behind the other.
template <class T>
BasicTensor<T> joined(const std::vector<BasicTensor<T>>& parts) {
  std::vector<BasicTensor<T>> flat;
  for (const auto& part : parts) flat.push_back(part.flatten());
  return cat(flat, 0);
}

/// The floating-point type of a case's inputs.
template <class T>
T type_of(Inputs<T>&);
template <class In>
using TypeOf = decltype(type_of(std::declval<In&>()));

}  // namespace tenon::test
