// Losses of as many numbers as a batch of small images has.

#include "function.hpp"
#include "tenon/ops/bce_loss.hpp"
#include "tenon/ops/margin_loss.hpp"
#include "tenon/ops/mse_loss.hpp"
#include "tenon/ops/nll_loss.hpp"
#include "tenon/ops/products.hpp"
#include "tenon/ops/regression_loss.hpp"

namespace tenon::bench {
namespace {

constexpr Index rows = 1024, columns = 256;
const Shape shape{rows, columns};

const Tensor& target() {
  static const Tensor values = rand(shape);
  return values;
}

bool add_loss(const std::string& name, Tensor (*loss)(const Tensor&)) {
  return add_function(name, shape, rows * columns, loss);
}

const bool registered[] = {
    add_loss("mse_loss", [](const Tensor& x) { return mse_loss(x, target()); }),
    add_loss("l1_loss", [](const Tensor& x) { return l1_loss(x, target()); }),
    add_loss("smooth_l1_loss", [](const Tensor& x) { return smooth_l1_loss(x, target()); }),
    add_loss("kl_div", [](const Tensor& x) { return kl_div(x, target()); }),
    add_loss("bce_with_logits",
             [](const Tensor& x) { return binary_cross_entropy_with_logits(x, target()); }),
    add_loss("triplet_margin_loss",
             [](const Tensor& x) {
               static const Tensor other = rand(shape);
               return triplet_margin_loss(x, target(), other);
             }),
    add_loss("cosine_similarity", [](const Tensor& x) { return cosine_similarity(x, target()); })};

}  // namespace
}  // namespace tenon::bench
