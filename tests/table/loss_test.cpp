#include "table.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

/// Real targets, or integers as numbers of the same type.
template <class In>
auto target_of(In& in) {
  return in.integers.count("t") == 0 ? in["t"] : in.ids("t").template to<TypeOf<In>>();
}

const Row rows[] = {
    {"cross_entropy",
     [](auto& in, const Json& k) {
       const CrossEntropyOptions options{.reduction = reduction_of(k),
                                         .ignore_index = index_of(k, "ignore_index", -100),
                                         .label_smoothing = k.value("label_smoothing", 0.0)};
       if (in.integers.count("t") == 0) return cross_entropy(in["x"], in["t"], in["w"], options);
       return cross_entropy(in["x"], in.ids("t"), in["w"], options);
     }},
    {"categorical_cross_entropy",
     [](auto& in, const Json&) { return categorical_cross_entropy(in["x"], in["t"]); }},
    {"mse_loss",
     [](auto& in, const Json& k) { return mse_loss(in["x"], in["t"], reduction_of(k)); }},
    {"binary_cross_entropy",
     [](auto& in, const Json& k) {
       const auto target = target_of(in);
       if (!in["v"].defined()) return binary_cross_entropy(in["x"], target, reduction_of(k));
       return binary_cross_entropy(in["x"], target, in["v"], reduction_of(k));
     }},
    {"binary_cross_entropy_with_logits",
     [](auto& in, const Json& k) {
       const auto target = target_of(in);
       if (!in["v"].defined() && !in["p"].defined()) {
         return binary_cross_entropy_with_logits(in["x"], target, reduction_of(k));
       }
       return binary_cross_entropy_with_logits(
           in["x"], target,
           {.weight = in["v"], .pos_weight = in["p"], .reduction = reduction_of(k)});
     }},
};

}  // namespace

TEST_CASE("Cross-entropy agrees with PyTorch", "[table]") { check_file("cross_entropy"); }
TEST_CASE("Squared and binary losses agree with PyTorch", "[table]") { check_file("losses"); }
