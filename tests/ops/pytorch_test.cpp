// Every operation against the results and gradients that PyTorch computed in double, kept in
// tests/data/pytorch (the scripts there say how they came about). In float an operation's
// largest error may be at most twice that of PyTorch's own float32, in double 1e-12, as shares of
// the largest value of the tensor. $TENON_REPORT_DIR/pytorch_distance.md gets the table of the
// errors.

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "catch.hpp"
#include "ops_support.hpp"
#include "tenon/io/safetensors.hpp"
#include "tenon/tenon.hpp"

using namespace tenon;
using namespace tenon::test;
using Json = nlohmann::json;

namespace {

constexpr double float_epsilon = std::numeric_limits<float>::epsilon();

/// Largest errors of one operation, as shares of the largest value of the tensor they occur in.
struct Errors {
  int cases = 0;
  double tenon_float = 0, torch_float = 0, tenon_double = 0;
};

class DistanceReport {
 public:
  ~DistanceReport() {
    const char* folder = std::getenv("TENON_REPORT_DIR");
    if (folder == nullptr || errors_.empty()) return;
    std::ofstream out(std::string(folder) + "/pytorch_distance.md");
    out << "# Distance to PyTorch's results in double\n\n"
        << "Largest error over all cases, as a share of the largest value of the tensor; results "
           "and gradients.\n\n"
        << "| operation | cases | Tenon float | PyTorch float32 | Tenon double |\n"
        << "|---|---:|---:|---:|---:|\n";
    for (const auto& [op, e] : errors_) {
      out << "| " << op << " | " << e.cases << " | " << e.tenon_float << " | " << e.torch_float
          << " | " << e.tenon_double << " |\n";
    }
  }
  Errors& operator[](const std::string& op) { return errors_[op]; }

 private:
  std::map<std::string, Errors> errors_;
};
DistanceReport report;

Shape shape_of(const Json& list) {
  Shape shape;
  for (const auto& item : list) shape.push_back(item.get<Index>());
  return shape;
}

Pair pair_of(const Json& arguments, const char* name, Index otherwise) {
  if (!arguments.contains(name)) return otherwise;
  return {arguments[name][0].get<Index>(), arguments[name][1].get<Index>()};
}

Reduction reduction_of(const Json& arguments) {
  const std::string name = arguments["reduction"];
  return name == "none" ? Reduction::none : name == "sum" ? Reduction::sum : Reduction::mean;
}

template <class T>
BasicTensor<T> max_over(BasicTensor<T> x, const Shape& dims, bool keepdim) {
  // From the last axis on, so that those before it keep their numbers.
  for (int i = dims.rank() - 1; i >= 0; --i) x = max(x, dims[i], keepdim).values;
  return x;
}

template <class T>
BasicTensor<T> sliced(BasicTensor<T> x, const Json& slices) {
  Index axis = 0;
  for (const auto& part : slices) {
    Slice slice{.step = part[2].get<Index>()};
    if (!part[0].is_null()) slice.start = part[0].get<Index>();
    if (!part[1].is_null()) slice.stop = part[1].get<Index>();
    x = x.slice(axis++, slice);
  }
  return x;
}

template <class T>
struct Inputs {
  std::map<std::string, BasicTensor<T>> real;
  std::map<std::string, LongTensor> labels;

  /// An undefined tensor where the case has none of that name.
  const BasicTensor<T>& operator[](const std::string& name) { return real[name]; }
};

template <class T>
BasicTensor<T> reduced(const std::string& op, const BasicTensor<T>& x, const Json& arguments) {
  if (!arguments.contains("dims")) return op == "sum" ? sum(x) : op == "mean" ? mean(x) : max(x);
  const Shape dims = shape_of(arguments["dims"]);
  const bool keepdim = arguments["keepdim"];
  if (op == "max") return max_over(x, dims, keepdim);
  return op == "sum" ? sum(x, dims, keepdim) : mean(x, dims, keepdim);
}

template <class T>
BasicTensor<T> convolved(Inputs<T>& in, const Json& arguments) {
  return conv2d(in["x"], in["w"], in["b"],
                {.stride = pair_of(arguments, "stride", 1),
                 .padding = pair_of(arguments, "padding", 0),
                 .dilation = pair_of(arguments, "dilation", 1),
                 .groups = arguments.value("groups", Index{1})});
}

template <class T>
BasicTensor<T> transposed_convolution(Inputs<T>& in, const Json& arguments) {
  return conv_transpose2d(in["x"], in["w"], in["b"],
                          {.stride = pair_of(arguments, "stride", 1),
                           .padding = pair_of(arguments, "padding", 0),
                           .output_padding = pair_of(arguments, "output_padding", 0),
                           .dilation = pair_of(arguments, "dilation", 1),
                           .groups = arguments.value("groups", Index{1})});
}

template <class T>
BasicTensor<T> pooled(const BasicTensor<T>& x, const Json& arguments) {
  return max_pool2d(x, pair_of(arguments, "kernel_size", 1),
                    {.stride = pair_of(arguments, "stride", 0),
                     .padding = pair_of(arguments, "padding", 0),
                     .dilation = pair_of(arguments, "dilation", 1)});
}

template <class T>
BasicTensor<T> averaged(const BasicTensor<T>& x, const Json& arguments) {
  return avg_pool2d(x, pair_of(arguments, "kernel_size", 1),
                    {.stride = pair_of(arguments, "stride", 0),
                     .padding = pair_of(arguments, "padding", 0),
                     .ceil_mode = arguments.value("ceil_mode", false),
                     .count_include_pad = arguments.value("count_include_pad", true),
                     .divisor_override = arguments.value("divisor_override", Index{0})});
}

template <class T>
BasicTensor<T> classified(Inputs<T>& in, const Json& arguments) {
  return cross_entropy(in["x"], in.labels.at("t"),
                       {.reduction = reduction_of(arguments),
                        .ignore_index = arguments.value("ignore_index", Index{-100}),
                        .label_smoothing = arguments.value("label_smoothing", 0.0)});
}

/// The numbers of a list, undefined where there is none of that name.
template <class T>
BasicTensor<T> list_of(const Json& arguments, const char* name) {
  if (!arguments.contains(name)) return {};
  return from_container(arguments[name].get<std::vector<T>>());
}

template <class T>
BasicTensor<T> batch_normalised(Inputs<T>& in, const Json& arguments) {
  return batch_norm(in["x"], list_of<T>(arguments, "running_mean"),
                    list_of<T>(arguments, "running_var"), in["w"], in["b"],
                    {.training = arguments["training"], .eps = arguments["eps"]});
}

template <class T>
std::vector<BasicTensor<T>> parts_of(Inputs<T>& in) {
  std::vector<BasicTensor<T>> parts{in["a"], in["b"]};
  if (in["c"].defined()) parts.push_back(in["c"]);
  return parts;
}

/// "b" is a bias, "t" a mask of ones and zeros.
template <class T>
BasicTensor<T> attended(Inputs<T>& in, const Json& arguments) {
  BasicAttentionOptions<T> options{.bias = in["b"], .causal = arguments.value("causal", false)};
  if (arguments.contains("scale")) options.scale = arguments["scale"].get<double>();
  if (in.labels.count("t") > 0) options.mask = in.labels["t"].template to<bool>();
  return scaled_dot_product_attention(in["q"], in["k"], in["v"], options);
}

std::optional<Index> padding_of(const Json& arguments) {
  if (!arguments.contains("padding_idx")) return std::nullopt;
  return arguments["padding_idx"].get<Index>();
}

/// Elementwise operations by PyTorch's names; undefined where op is another one.
template <class T>
BasicTensor<T> elementwise(const std::string& op, Inputs<T>& in) {
  const BasicTensor<T>&a = in["a"], &b = in["b"], &x = in["x"];
  if (op == "add") return a + b;
  if (op == "sub") return a - b;
  if (op == "mul") return a * b;
  if (op == "div") return a / b;
  if (op == "maximum") return maximum(a, b);
  if (op == "minimum") return minimum(a, b);
  if (op == "pow") return pow(a, b);
  if (op == "exp") return exp(x);
  if (op == "log") return log(x);
  if (op == "sqrt") return sqrt(x);
  if (op == "abs") return abs(x);
  if (op == "square") return square(x);
  if (op == "sin") return sin(x);
  if (op == "cos") return cos(x);
  if (op == "tanh") return tanh(x);
  if (op == "sigmoid") return sigmoid(x);
  if (op == "relu") return relu(x);
  if (op == "neg") return -x;
  if (op == "silu") return silu(x);
  return {};
}

template <class T>
BasicTensor<T> activated(const BasicTensor<T>& x, const Json& arguments) {
  const bool exact = arguments["approximate"] == "none";
  return gelu(x, {exact ? GeluApproximation::none : GeluApproximation::tanh});
}

/// Indexing and its like by PyTorch's names; undefined where op is another one.
template <class T>
BasicTensor<T> indexed(const std::string& op, Inputs<T>& in, const Json& k) {
  const BasicTensor<T>& x = in["x"];
  const Index axis = k.value("dim", Index{0});
  if (op == "index_select") return index_select(x, axis, in.labels.at("t"));
  if (op == "gather") return gather(x, axis, in.labels.at("t"));
  if (op == "scatter_add") return scatter_add(x, axis, in.labels.at("t"), in["a"]);
  if (op == "masked_select") return masked_select(x, in.labels.at("t").template to<bool>());
  if (op == "tile") return tile(x, shape_of(k["counts"]));
  if (op == "repeat_interleave") return repeat_interleave(x, k["count"].get<Index>(), axis);
  if (op == "flip") return flip(x, shape_of(k["dims"]));
  if (op == "roll") return roll(x, k["shift"].get<Index>(), axis);
  if (op == "tril") return tril(x, k["diagonal"].get<Index>());
  if (op == "triu") return triu(x, k["diagonal"].get<Index>());
  if (op == "outer") return outer(in["a"], in["b"]);
  if (op == "sort") return sort(x, axis, true).values;
  if (op == "topk") return topk(x, k["k"].get<Index>(), axis).values;
  if (op == "min") return min(x, axis).values;
  if (op == "cumsum") return cumsum(x, axis);
  if (op == "cumprod") return cumprod(x, axis);
  if (op == "einsum") return einsum(k["equation"].get<std::string>(), in["a"], in["b"]);
  return {};
}

/// What make_vectors.py computed, computed here.
template <class T>
BasicTensor<T> compute(Inputs<T>& in, const Json& k) {
  const std::string op = k["op"];
  const BasicTensor<T>& x = in["x"];
  if (const BasicTensor<T> y = elementwise(op, in); y.defined()) return y;
  if (const BasicTensor<T> y = indexed(op, in, k); y.defined()) return y;
  if (op == "sum" || op == "mean" || op == "max") return reduced(op, x, k);
  if (op == "gelu" || op == "gelu_tanh") return activated(x, k);
  if (op == "matmul") return matmul(in["a"], in["b"]);
  if (op == "linear") return linear(x, in["w"], in["b"]);
  if (op == "conv2d") return convolved(in, k);
  if (op == "conv_transpose2d") return transposed_convolution(in, k);
  if (op == "max_pool2d") return pooled(x, k);
  if (op == "avg_pool2d") return averaged(x, k);
  if (op == "adaptive_avg_pool2d") return adaptive_avg_pool2d(x, pair_of(k, "output_size", 1));
  if (op == "softmax") return softmax(x, k["dim"].get<Index>());
  if (op == "log_softmax") return log_softmax(x, k["dim"].get<Index>());
  if (op == "layer_norm") return layer_norm(x, shape_of(k["shape"]), in["w"], in["b"], k["eps"]);
  if (op == "rms_norm") return rms_norm(x, shape_of(k["shape"]), in["w"], k["eps"].get<double>());
  if (op == "batch_norm") return batch_normalised(in, k);
  if (op == "attention") return attended(in, k);
  if (op == "cross_entropy") return classified(in, k);
  if (op == "embedding") return embedding(in.labels.at("t"), in["w"], padding_of(k));
  if (op == "masked_sum") return masked_sum(x, in.labels.at("t"));
  if (op == "masked_mean") return masked_mean(x, in.labels.at("t"));
  if (op == "masked_max") return masked_max(x, in.labels.at("t"));
  if (op == "masked_loss") return masked_loss(x, in.labels.at("t"));
  if (op == "pad_sequence") return pad_sequence(parts_of(in), k["padding_value"].get<double>());
  if (op == "mse") return mse_loss(x, in["t"], reduction_of(k));
  if (op == "bce") return binary_cross_entropy(x, in["t"], reduction_of(k));
  if (op == "bce_with_logits") return binary_cross_entropy_with_logits(x, in["t"], reduction_of(k));
  if (op == "cat") return cat(parts_of(in), k["dim"].get<Index>());
  if (op == "slice") return sliced(x, k["slices"]);
  if (op == "transpose") return transpose(x, k["dims"][0].get<Index>(), k["dims"][1].get<Index>());
  if (op == "permute") return permute(x, shape_of(k["dims"]));
  if (op == "expand") return expand(x, shape_of(k["size"]));
  if (op == "reshape") return reshape(x, shape_of(k["size"]));
  FAIL("the test does not know the operation " << op);
  return {};
}

/// One case of a file: its inputs by name, and where to find what PyTorch made of them.
struct Case {
  const io::TensorDict& file;
  std::string name;
  Json arguments;
  std::vector<std::string> inputs;

  DoubleTensor expected(const std::string& what) const {
    return file.get<double>(name + "." + what + "64");
  }
  Tensor torch_float(const std::string& what) const {
    return file.get<float>(name + "." + what + "32");
  }
  std::string op() const { return arguments["op"]; }
  /// PyTorch takes the targets of these as constants.
  bool is_constant(const std::string& input) const {
    return input == "t" && (op() == "bce" || op() == "bce_with_logits");
  }
};

/// Result and gradients by PyTorch's names, with every input seen through the given layout.
template <class T, class Layout>
std::map<std::string, BasicTensor<T>> run(const Case& c, const Layout& layout) {
  Inputs<T> in;
  Tape tape;
  for (const std::string& input : c.inputs) {
    const io::AnyTensor& tensor = c.file[c.name + "." + input];
    if (tensor.dtype() == DType::int64) {
      in.labels[input] = layout(tensor.as<std::int64_t>());
    } else {
      const auto x = layout(tensor.as<double>().template to<T>());
      in.real[input] = c.is_constant(input) ? x : tape.watch(x);
    }
  }
  std::map<std::string, BasicTensor<T>> results;
  results["y"] = compute(in, c.arguments);
  const auto dy = layout(c.file.get<double>(c.name + ".dy").template to<T>());
  const Gradients gradients = tape.gradients(results["y"], dy);
  for (const auto& [input, x] : in.real) {
    if (x.defined() && !c.is_constant(input)) results["d" + input] = gradients[x];
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
  if (!(x.shape() == expected.shape())) return std::numeric_limits<double>::infinity();
  const auto a = values_of(x);
  const auto b = values_of(expected);
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double error = std::abs(static_cast<double>(a[i]) - b[i]);
    worst = std::isnan(error) ? std::numeric_limits<double>::infinity() : std::max(worst, error);
  }
  return worst;
}

template <class Layout>
void check_case(const Case& c, const Layout& layout) {
  Errors& errors = report[c.op()];
  const auto in_float = run<float>(c, layout);
  const auto in_double = run<double>(c, layout);
  for (const auto& [what, y] : in_float) {
    CAPTURE(what, y.shape());
    const DoubleTensor expected = c.expected(what);
    const double scale = largest(expected);
    const double tenon_double = distance(in_double.at(what), expected);
    CHECK(tenon_double <= 1e-12 * scale);
    const double tenon_float = distance(y, expected);
    const double torch_float = distance(c.torch_float(what), expected);
    if (scale == 0) {
      CHECK(tenon_float == 0);
      continue;
    }
    errors.tenon_double = std::max(errors.tenon_double, tenon_double / scale);
    errors.tenon_float = std::max(errors.tenon_float, tenon_float / scale);
    errors.torch_float = std::max(errors.torch_float, torch_float / scale);
  }
}

/// Runs all cases of a file. PyTorch's error in one small tensor is a matter of luck, so the float
/// errors are compared operation by operation, over all its cases, results and gradients.
void check_file(const std::string& stem) {
  const auto file = io::load_safetensors(TENON_TEST_DATA_DIR "/pytorch/" + stem + ".safetensors");
  std::set<std::string> ops;
  for (const auto& [name, text] : file.metadata) {
    if (name == "torch") continue;
    Case c{file, name, Json::parse(text), {}};
    for (const char* input : {"x", "w", "b", "a", "c", "t", "q", "k", "v"}) {
      if (file.contains(name + "." + input)) c.inputs.push_back(input);
    }
    CAPTURE(name, text);
    check_case(c, [](const auto& x) { return x; });
    check_case(c, [](const auto& x) { return transposed_storage(x); });
    check_case(c, [](const auto& x) { return sliced_storage(x); });
    ++report[c.op()].cases;
    ops.insert(c.op());
  }
  CHECK_FALSE(ops.empty());
  for (const std::string& op : ops) {
    CAPTURE(op);
    // Where PyTorch is exact, one unit in the last place is still allowed.
    CHECK(report[op].tenon_float <= std::max(2 * report[op].torch_float, float_epsilon));
  }
}

}  // namespace

TEST_CASE("Arithmetic with broadcasting agrees with PyTorch", "[ops][pytorch]") {
  check_file("arithmetic");
}
TEST_CASE("Elementwise functions agree with PyTorch", "[ops][pytorch]") {
  check_file("elementwise");
}
TEST_CASE("gelu and silu agree with PyTorch", "[ops][pytorch]") { check_file("gelu"); }
TEST_CASE("Reductions agree with PyTorch", "[ops][pytorch]") { check_file("reduce"); }
TEST_CASE("Matrix products agree with PyTorch", "[ops][pytorch]") { check_file("matmul"); }
TEST_CASE("The linear map agrees with PyTorch", "[ops][pytorch]") { check_file("linear"); }
TEST_CASE("Convolution agrees with PyTorch", "[ops][pytorch]") { check_file("conv2d"); }
TEST_CASE("Transposed convolution agrees with PyTorch", "[ops][pytorch]") {
  check_file("conv_transpose2d");
}
TEST_CASE("Max-pooling agrees with PyTorch", "[ops][pytorch]") { check_file("max_pool2d"); }
TEST_CASE("Average pooling agrees with PyTorch", "[ops][pytorch]") { check_file("avg_pool2d"); }
TEST_CASE("Softmax and log_softmax agree with PyTorch", "[ops][pytorch]") { check_file("softmax"); }
TEST_CASE("Normalisations agree with PyTorch", "[ops][pytorch]") { check_file("norm"); }
TEST_CASE("Attention agrees with PyTorch", "[ops][pytorch]") { check_file("attention"); }
TEST_CASE("Cross-entropy agrees with PyTorch", "[ops][pytorch]") { check_file("cross_entropy"); }
TEST_CASE("Squared and binary losses agree with PyTorch", "[ops][pytorch]") {
  check_file("losses");
}
TEST_CASE("Embedding agrees with PyTorch", "[ops][pytorch]") { check_file("embedding"); }
TEST_CASE("Masked reductions and padding agree with PyTorch", "[ops][pytorch]") {
  check_file("masked");
}
TEST_CASE("Joining, slicing and turning agree with PyTorch", "[ops][pytorch]") {
  check_file("shaping");
}
TEST_CASE("Indexing, sorting, running sums and einsum agree with PyTorch", "[ops][pytorch]") {
  check_file("index");
}
