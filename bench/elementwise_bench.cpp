// Elementwise functions of a million numbers.

#include "case.hpp"
#include "tenon/autograd/tape.hpp"
#include "tenon/ops/activations.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/gelu.hpp"
#include "tenon/ops/math.hpp"
#include "tenon/ops/relu.hpp"
#include "tenon/ops/sigmoid.hpp"
#include "tenon/ops/silu.hpp"
#include "tenon/ops/tanh.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::bench {
namespace {

using Function = Tensor (*)(const Tensor&);
constexpr Index n = 1 << 20;
constexpr double array = 4.0 * n;

bool add(const std::string& name, Function f) {
  cases().push_back(
      {name + "/forward/1Mi", 0, 2 * array, [=] { return [f, x = randn({n})] { keep(f(x)); }; }});
  // Forward reads x and writes y, backward reads dy and y and writes dx.
  cases().push_back({name + "/train/1Mi", 0, 5 * array, [=] {
                       return [f, x = randn({n}), dy = ones({n})] {
                         Tape tape;
                         keep(tape.gradients(f(tape.watch(x)), dy));
                       };
                     }});
  return true;
}

Tensor exact_gelu(const Tensor& x) { return gelu(x); }
Tensor leaky(const Tensor& x) { return leaky_relu(x); }
Tensor plain_elu(const Tensor& x) { return elu(x); }
Tensor plain_softplus(const Tensor& x) { return softplus(x); }
Tensor gelu_by_tanh(const Tensor& x) { return gelu(x, {.approximate = GeluApproximation::tanh}); }

const bool registered[] = {add("relu", relu),
                           add("tanh", tanh),
                           add("sigmoid", sigmoid),
                           add("gelu", exact_gelu),
                           add("gelu_tanh", gelu_by_tanh),
                           add("silu", silu),
                           add("exp", exp),
                           add("erf", erf),
                           add("leaky_relu", leaky),
                           add("hardswish", hardswish),
                           add("elu", plain_elu),
                           add("softplus", plain_softplus),
                           add("mish", mish)};

}  // namespace
}  // namespace tenon::bench
