#include "table.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

/// "b" is a bias, "t" a mask of ones and zeros.
template <class T>
BasicTensor<T> attended(Inputs<T>& in, const Json& k) {
  BasicAttentionOptions<T> options{
      .mask = in.mask("t"), .bias = in["b"], .causal = k.value("causal", false)};
  if (k.contains("scale")) options.scale = k["scale"].get<double>();
  return scaled_dot_product_attention(in["q"], in["k"], in["v"], options);
}

const Row rows[] = {
    {"matmul", [](auto& in, const Json&) { return matmul(in["a"], in["b"]); }},
    {"linear", [](auto& in, const Json&) { return linear(in["x"], in["w"], in["b"]); }},
    {"linear_relu", [](auto& in, const Json&) { return linear_relu(in["x"], in["w"], in["b"]); }},
    {"conv2d_relu",
     [](auto& in, const Json&) { return conv2d_relu(in["x"], in["w"], in["b"], {.padding = 1}); }},
    {"outer", [](auto& in, const Json&) { return outer(in["a"], in["b"]); }},
    {"einsum",
     [](auto& in, const Json& k) {
       return einsum(k["equation"].get<std::string>(), in["a"], in["b"]);
     }},
    {"conv2d",
     [](auto& in, const Json& k) {
       return conv2d(in["x"], in["w"], in["b"],
                     {.stride = pair_of(k, "stride", 1),
                      .padding = pair_of(k, "padding", 0),
                      .dilation = pair_of(k, "dilation", 1),
                      .groups = index_of(k, "groups", 1)});
     }},
    {"conv_transpose2d",
     [](auto& in, const Json& k) {
       return conv_transpose2d(in["x"], in["w"], in["b"],
                               {.stride = pair_of(k, "stride", 1),
                                .padding = pair_of(k, "padding", 0),
                                .output_padding = pair_of(k, "output_padding", 0),
                                .dilation = pair_of(k, "dilation", 1),
                                .groups = index_of(k, "groups", 1)});
     }},
    {"scaled_dot_product_attention", [](auto& in, const Json& k) { return attended(in, k); }},
    {"attention_weights",
     [](auto& in, const Json&) { return attention_weights(in["q"], in["k"]); }},
    {"rotary", [](auto& in, const Json&) { return rotary(in["x"]); }},
    {"embedding",
     [](auto& in, const Json& k) {
       std::optional<Index> padding;
       if (k.contains("padding_idx")) padding = k["padding_idx"].get<Index>();
       return embedding(in.ids("t"), in["w"], padding);
     }},
};

}  // namespace

TEST_CASE("Matrix products agree with PyTorch", "[table]") { check_file("matmul"); }
TEST_CASE("The linear map agrees with PyTorch", "[table]") { check_file("linear"); }
TEST_CASE("Convolution agrees with PyTorch", "[table]") { check_file("conv2d"); }
TEST_CASE("Transposed convolution agrees with PyTorch", "[table]") {
  check_file("conv_transpose2d");
}
TEST_CASE("Attention agrees with PyTorch", "[table]") { check_file("attention"); }
TEST_CASE("Embedding agrees with PyTorch", "[table]") { check_file("embedding"); }
TEST_CASE("Fused and composed operations agree with PyTorch", "[table]") { check_file("fused"); }
