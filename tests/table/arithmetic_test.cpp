#include "table.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

const Row rows[] = {
    {"add", [](auto& in, const Json&) { return in["a"] + in["b"]; }},
    {"sub", [](auto& in, const Json&) { return in["a"] - in["b"]; }},
    {"mul", [](auto& in, const Json&) { return in["a"] * in["b"]; }},
    {"div", [](auto& in, const Json&) { return in["a"] / in["b"]; }},
    {"maximum", [](auto& in, const Json&) { return maximum(in["a"], in["b"]); }},
    {"minimum", [](auto& in, const Json&) { return minimum(in["a"], in["b"]); }},
    {"pow", [](auto& in, const Json&) { return pow(in["a"], in["b"]); }},
    {"neg", [](auto& in, const Json&) { return neg(in["x"]); }},
    {"exp", [](auto& in, const Json&) { return exp(in["x"]); }},
    {"log", [](auto& in, const Json&) { return log(in["x"]); }},
    {"sqrt", [](auto& in, const Json&) { return sqrt(in["x"]); }},
    {"abs", [](auto& in, const Json&) { return abs(in["x"]); }},
    {"square", [](auto& in, const Json&) { return square(in["x"]); }},
    {"sin", [](auto& in, const Json&) { return sin(in["x"]); }},
    {"cos", [](auto& in, const Json&) { return cos(in["x"]); }},
    {"clamp",
     [](auto& in, const Json& k) {
       return clamp(in["x"], k["low"].get<float>(), k["high"].get<float>());
     }},
    {"where", [](auto& in, const Json&) { return where(in.mask("t"), in["a"], in["b"]); }},
    {"tanh", [](auto& in, const Json&) { return tanh(in["x"]); }},
    {"sigmoid", [](auto& in, const Json&) { return sigmoid(in["x"]); }},
    {"relu", [](auto& in, const Json&) { return relu(in["x"]); }},
    {"silu", [](auto& in, const Json&) { return silu(in["x"]); }},
    {"gelu",
     [](auto& in, const Json& k) {
       const bool exact = k["approximate"] == "none";
       return gelu(in["x"], {exact ? GeluApproximation::none : GeluApproximation::tanh});
     }},
};

}  // namespace

TEST_CASE("Arithmetic with broadcasting agrees with PyTorch", "[table]") {
  check_file("arithmetic");
}
TEST_CASE("Elementwise functions agree with PyTorch", "[table]") { check_file("elementwise"); }
TEST_CASE("gelu and silu agree with PyTorch", "[table]") { check_file("gelu"); }
