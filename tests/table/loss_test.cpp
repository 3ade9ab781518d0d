#include "table.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

const Row rows[] = {
    {"cross_entropy",
     [](auto& in, const Json& k) {
       return cross_entropy(in["x"], in.ids("t"),
                            {.reduction = reduction_of(k),
                             .ignore_index = index_of(k, "ignore_index", -100),
                             .label_smoothing = k.value("label_smoothing", 0.0)});
     }},
    {"categorical_cross_entropy",
     [](auto& in, const Json&) { return categorical_cross_entropy(in["x"], in["t"]); }},
    {"mse_loss",
     [](auto& in, const Json& k) { return mse_loss(in["x"], in["t"], reduction_of(k)); }},
    {"binary_cross_entropy",
     [](auto& in, const Json& k) {
       return binary_cross_entropy(in["x"], in["t"], reduction_of(k));
     }},
    {"binary_cross_entropy_with_logits",
     [](auto& in, const Json& k) {
       return binary_cross_entropy_with_logits(in["x"], in["t"], reduction_of(k));
     }},
};

}  // namespace

TEST_CASE("Cross-entropy agrees with PyTorch", "[table]") { check_file("cross_entropy"); }
TEST_CASE("Squared and binary losses agree with PyTorch", "[table]") { check_file("losses"); }
