#include "table.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

template <class T>
BasicTensor<T> max_over(BasicTensor<T> x, const Json& k) {
  if (!k.contains("dims")) return max(x);
  const Shape dims = shape_of(k["dims"]);
  // From the last axis on, so that those before it keep their numbers.
  for (int i = dims.rank() - 1; i >= 0; --i) x = max(x, dims[i], k["keepdim"].get<bool>()).values;
  return x;
}

const Row rows[] = {
    {"sum",
     [](auto& in, const Json& k) {
       return k.contains("dims") ? sum(in["x"], shape_of(k["dims"]), k["keepdim"]) : sum(in["x"]);
     }},
    {"mean",
     [](auto& in, const Json& k) {
       return k.contains("dims") ? mean(in["x"], shape_of(k["dims"]), k["keepdim"]) : mean(in["x"]);
     }},
    {"max", [](auto& in, const Json& k) { return max_over(in["x"], k); }},
    {"min", [](auto& in, const Json& k) { return min(in["x"], index_of(k, "dim")).values; }},
    {"softmax", [](auto& in, const Json& k) { return softmax(in["x"], index_of(k, "dim")); }},
    {"log_softmax",
     [](auto& in, const Json& k) { return log_softmax(in["x"], index_of(k, "dim")); }},
    {"masked_sum", [](auto& in, const Json&) { return masked_sum(in["x"], in.ids("t")); }},
    {"masked_mean", [](auto& in, const Json&) { return masked_mean(in["x"], in.ids("t")); }},
    {"masked_max", [](auto& in, const Json&) { return masked_max(in["x"], in.ids("t")); }},
    {"masked_loss", [](auto& in, const Json&) { return masked_loss(in["x"], in.ids("t")); }},
    {"pad_sequence",
     [](auto& in, const Json& k) {
       return pad_sequence(parts_of(in), k["padding_value"].get<double>());
     }},
};

}  // namespace

TEST_CASE("Reductions agree with PyTorch", "[table]") { check_file("reduce"); }
TEST_CASE("Softmax and log_softmax agree with PyTorch", "[table]") { check_file("softmax"); }
TEST_CASE("Masked reductions and padding agree with PyTorch", "[table]") { check_file("masked"); }
