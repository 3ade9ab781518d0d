#include "table.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

double number_of(const Json& k, const char* name, double otherwise) {
  return k.value(name, otherwise);
}

const Row rows[] = {
    {"log1p", [](auto& in, const Json&) { return log1p(in["x"]); }},
    {"expm1", [](auto& in, const Json&) { return expm1(in["x"]); }},
    {"erf", [](auto& in, const Json&) { return erf(in["x"]); }},
    {"tan", [](auto& in, const Json&) { return tan(in["x"]); }},
    {"sign", [](auto& in, const Json&) { return sign(in["x"]); }},
    {"floor", [](auto& in, const Json&) { return floor(in["x"]); }},
    {"ceil", [](auto& in, const Json&) { return ceil(in["x"]); }},
    {"round", [](auto& in, const Json&) { return round(in["x"]); }},
    {"reciprocal", [](auto& in, const Json&) { return reciprocal(in["x"]); }},
    {"rsqrt", [](auto& in, const Json&) { return rsqrt(abs(in["x"])); }},
    {"logaddexp", [](auto& in, const Json&) { return logaddexp(in["a"], in["b"]); }},

    {"leaky_relu",
     [](auto& in, const Json& k) {
       return leaky_relu(in["x"], number_of(k, "negative_slope", 0.01));
     }},
    {"prelu", [](auto& in, const Json&) { return prelu(in["x"], in["w"]); }},
    {"elu", [](auto& in, const Json& k) { return elu(in["x"], number_of(k, "alpha", 1)); }},
    {"selu", [](auto& in, const Json&) { return selu(in["x"]); }},
    {"celu", [](auto& in, const Json& k) { return celu(in["x"], number_of(k, "alpha", 1)); }},
    {"relu6", [](auto& in, const Json&) { return relu6(in["x"]); }},
    {"hardtanh",
     [](auto& in, const Json& k) {
       return hardtanh(in["x"], number_of(k, "min_val", -1), number_of(k, "max_val", 1));
     }},
    {"hardsigmoid", [](auto& in, const Json&) { return hardsigmoid(in["x"]); }},
    {"hardswish", [](auto& in, const Json&) { return hardswish(in["x"]); }},
    {"softplus",
     [](auto& in, const Json& k) {
       return softplus(in["x"], number_of(k, "beta", 1), number_of(k, "threshold", 20));
     }},
    {"mish", [](auto& in, const Json&) { return mish(in["x"]); }},
    {"softsign", [](auto& in, const Json&) { return softsign(in["x"]); }},
    {"logsigmoid", [](auto& in, const Json&) { return logsigmoid(in["x"]); }},
};

}  // namespace

TEST_CASE("Further functions of elements agree with PyTorch", "[table]") {
  check_file("more_math");
}
TEST_CASE("Activations agree with PyTorch", "[table]") { check_file("activations"); }
