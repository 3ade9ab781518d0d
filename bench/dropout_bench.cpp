// Dropout of half of a million numbers: drawing the mask besides, and the backward pass.

#include "case.hpp"
#include "tenon/autograd/tape.hpp"
#include "tenon/ops/dropout.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::bench {
namespace {

constexpr Index n = 1 << 20;
constexpr double array = 4.0 * n;

// At least x is read and y written, then dy and dx.
const Register forward({"dropout/forward/1Mi", 0, 2 * array,
                        [] { return [x = randn({n})] { keep(dropout(x, 0.5, true)); }; }});
const Register train({"dropout/train/1Mi", 0, 4 * array, [] {
                        return [x = randn({n}), dy = ones({n})] {
                          Tape tape;
                          keep(tape.gradients(dropout(tape.watch(x), 0.5, true), dy));
                        };
                      }});

}  // namespace
}  // namespace tenon::bench
