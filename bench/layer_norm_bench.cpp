// Rows of a thousand numbers, without weight and bias.

#include "case.hpp"
#include "tenon/ops/layer_norm.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::bench {
namespace {

const Register forward({"layer_norm/forward/1024x1000", 0, 8.0 * 1024 * 1000, [] {
                          return [x = randn({1024, 1000})] { keep(layer_norm(x, {1000})); };
                        }});

}  // namespace
}  // namespace tenon::bench
