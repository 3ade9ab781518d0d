#include "table.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

const Row rows[] = {
    {"max_pool2d",
     [](auto& in, const Json& k) {
       return max_pool2d(in["x"], pair_of(k, "kernel_size", 1),
                         {.stride = pair_of(k, "stride", 0),
                          .padding = pair_of(k, "padding", 0),
                          .dilation = pair_of(k, "dilation", 1)});
     }},
    {"max_pool2d_relu", [](auto& in, const Json&) { return max_pool2d_relu(in["x"], 2); }},
    {"avg_pool2d",
     [](auto& in, const Json& k) {
       return avg_pool2d(in["x"], pair_of(k, "kernel_size", 1),
                         {.stride = pair_of(k, "stride", 0),
                          .padding = pair_of(k, "padding", 0),
                          .ceil_mode = k.value("ceil_mode", false),
                          .count_include_pad = k.value("count_include_pad", true),
                          .divisor_override = index_of(k, "divisor_override")});
     }},
    {"adaptive_avg_pool2d",
     [](auto& in, const Json& k) {
       return adaptive_avg_pool2d(in["x"], pair_of(k, "output_size", 1));
     }},
    {"layer_norm",
     [](auto& in, const Json& k) {
       return layer_norm(in["x"], shape_of(k["shape"]), in["w"], in["b"], k["eps"]);
     }},
    {"rms_norm",
     [](auto& in, const Json& k) {
       return rms_norm(in["x"], shape_of(k["shape"]), in["w"], k["eps"].get<double>());
     }},
    {"batch_norm",
     [](auto& in, const Json& k) {
       using T = TypeOf<decltype(in)>;
       return batch_norm(in["x"], list_of<T>(k, "running_mean"), list_of<T>(k, "running_var"),
                         in["w"], in["b"], {.training = k["training"], .eps = k["eps"]});
     }},
};

}  // namespace

TEST_CASE("Max-pooling agrees with PyTorch", "[table]") { check_file("max_pool2d"); }
TEST_CASE("Average pooling agrees with PyTorch", "[table]") { check_file("avg_pool2d"); }
TEST_CASE("Normalisations agree with PyTorch", "[table]") { check_file("norm"); }
