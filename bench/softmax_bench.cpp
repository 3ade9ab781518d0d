// A thousand classes, as at the end of an ImageNet model.

#include "case.hpp"
#include "tenon/ops/softmax.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::bench {
namespace {

const Register forward({"softmax/forward/1024x1000", 0, 8.0 * 1024 * 1000, [] {
                          return [x = randn({1024, 1000})] { keep(softmax(x, 1)); };
                        }});

}  // namespace
}  // namespace tenon::bench
