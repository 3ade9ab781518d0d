#include "table.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

double order_of(const Json& k) {
  if (!k["p"].is_string()) return k["p"].get<double>();
  return k["p"] == "inf" ? INFINITY : -INFINITY;
}

VarOptions var_options(const Json& k) {
  return {.correction = index_of(k, "correction"), .keepdim = k["keepdim"]};
}

const Row rows[] = {
    {"var",
     [](auto& in, const Json& k) { return var(in["x"], shape_of(k["dims"]), var_options(k)); }},
    {"stddev",
     [](auto& in, const Json& k) { return stddev(in["x"], shape_of(k["dims"]), var_options(k)); }},
    {"norm",
     [](auto& in, const Json& k) {
       return norm(in["x"], order_of(k), shape_of(k["dims"]), k["keepdim"]);
     }},
    {"logsumexp",
     [](auto& in, const Json& k) { return logsumexp(in["x"], shape_of(k["dims"]), k["keepdim"]); }},
    {"prod",
     [](auto& in, const Json& k) {
       return k.contains("dim") ? prod(in["x"], index_of(k, "dim"), k["keepdim"].get<bool>())
                                : prod(in["x"]);
     }},
    {"bilinear",
     [](auto& in, const Json&) { return bilinear(in["x1"], in["x2"], in["w"], in["b"]); }},
    {"cosine_similarity",
     [](auto& in, const Json& k) {
       return cosine_similarity(in["x1"], in["x2"], {.dim = index_of(k, "dim")});
     }},
    {"pairwise_distance",
     [](auto& in, const Json& k) {
       return pairwise_distance(in["x1"], in["x2"],
                                {.p = k["p"].get<double>(), .keepdim = k["keepdim"]});
     }},
};

}  // namespace

TEST_CASE("Further reductions agree with PyTorch", "[table]") { check_file("reductions"); }
TEST_CASE("Products of vectors agree with PyTorch", "[table]") { check_file("products"); }
