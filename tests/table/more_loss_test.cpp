#include <limits>

#include "table.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

/// Integers as numbers of the type of the other inputs.
template <class In>
auto number_of(In& in) {
  return in.ids("t").template to<TypeOf<In>>();
}

/// Targets or variances, whatever their name.
template <class In>
auto target_of(In& in) {
  return in["t"].defined() ? in["t"] : in["w"];
}

const Row rows[] = {
    {"l1_loss", [](auto& in, const Json& k) { return l1_loss(in["x"], in["t"], reduction_of(k)); }},
    {"smooth_l1_loss",
     [](auto& in, const Json& k) {
       return smooth_l1_loss(in["x"], in["t"], {reduction_of(k), k["beta"].get<double>()});
     }},
    {"huber_loss",
     [](auto& in, const Json& k) {
       return huber_loss(in["x"], in["t"], {reduction_of(k), k["delta"].get<double>()});
     }},
    {"poisson_nll_loss",
     [](auto& in, const Json& k) {
       return poisson_nll_loss(
           in["x"], number_of(in),
           {reduction_of(k), k["log_input"].get<bool>(), k["full"].get<bool>()});
     }},
    {"gaussian_nll_loss",
     [](auto& in, const Json& k) {
       return gaussian_nll_loss(in["x"], in["t"], in["v"],
                                {reduction_of(k), k["full"].get<bool>()});
     }},
    {"nll_loss",
     [](auto& in, const Json& k) {
       return nll_loss(in["x"], in.ids("t"), in["w"],
                       {reduction_of(k), index_of(k, "ignore_index", -100)});
     }},
    {"kl_div",
     [](auto& in, const Json& k) {
       return kl_div(in["x"], target_of(in),
                     {reduction_of(k), k.value("log_target", false), k.value("batch_mean", false)});
     }},
    {"hinge_loss",
     [](auto& in, const Json& k) { return hinge_loss(in["x"], number_of(in), reduction_of(k)); }},
    {"squared_hinge_loss",
     [](auto& in, const Json& k) {
       return squared_hinge_loss(in["x"], number_of(in), reduction_of(k));
     }},
    {"hinge_embedding_loss",
     [](auto& in, const Json& k) {
       return hinge_embedding_loss(in["x"], number_of(in),
                                   {reduction_of(k), k["margin"].get<double>()});
     }},
    {"margin_ranking_loss",
     [](auto& in, const Json& k) {
       return margin_ranking_loss(in["a"], in["b"], number_of(in),
                                  {reduction_of(k), k["margin"].get<double>()});
     }},
    {"cosine_embedding_loss",
     [](auto& in, const Json& k) {
       return cosine_embedding_loss(in["a"], in["b"], number_of(in),
                                    {reduction_of(k), k["margin"].get<double>()});
     }},
    {"multi_margin_loss",
     [](auto& in, const Json& k) {
       return multi_margin_loss(in["x"], in.ids("t"), in["w"],
                                {reduction_of(k), k["p"].get<int>(), k["margin"].get<double>()});
     }},
    {"triplet_margin_loss",
     [](auto& in, const Json& k) {
       const double p = k["p"];
       return triplet_margin_loss(in["a"], in["b"], in["c"],
                                  {.reduction = reduction_of(k),
                                   .margin = k["margin"].get<double>(),
                                   .p = p < 0 ? std::numeric_limits<double>::infinity() : p,
                                   .swap = k["swap"].get<bool>()});
     }},
    {"sigmoid_focal_loss",
     [](auto& in, const Json& k) {
       return sigmoid_focal_loss(
           in["x"], number_of(in),
           {reduction_of(k), k["gamma"].get<double>(), k["alpha"].get<double>()});
     }},
    {"focal_loss",
     [](auto& in, const Json& k) {
       return focal_loss(in["x"], in.ids("t"), in["w"],
                         {reduction_of(k), k["gamma"].get<double>()});
     }},
    {"ctc_loss",
     [](auto& in, const Json& k) {
       return ctc_loss(log_softmax(in["x"], 2), in.ids("t"), in.ids("i"), in.ids("l"),
                       {index_of(k, "blank"), reduction_of(k), k["zero_infinity"].get<bool>()});
     }},
};

}  // namespace

TEST_CASE("Losses of numbers, classes and margins agree with PyTorch", "[table]") {
  check_file("more_losses");
}
TEST_CASE("ctc_loss agrees with PyTorch", "[table]") { check_file("ctc_loss"); }
