// A layer of a residual network: forward and backward with all three gradients, the running
// statistics kept.

#include "case.hpp"
#include "tenon/autograd/tape.hpp"
#include "tenon/nn/batch_norm.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::bench {
namespace {

constexpr double array = 4.0 * 32 * 64 * 56 * 56;

// Forward reads x and writes y, backward reads dy and x and writes dx.
const Register train({"batch_norm2d/train/32x64x56x56", 0, 5 * array, [] {
                        return [norm = nn::BatchNorm2d(64), x = randn({32, 64, 56, 56}),
                                dy = randn({32, 64, 56, 56})]() mutable {
                          Tape tape;
                          keep(tape.gradients(norm(tape.watch(x)), dy));
                        };
                      }});

}  // namespace
}  // namespace tenon::bench
