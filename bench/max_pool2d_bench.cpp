// The first pooling of mnist_cnn.

#include "case.hpp"
#include "tenon/autograd/tape.hpp"
#include "tenon/ops/max_pool2d.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::bench {
namespace {

constexpr double pixels = 64 * 32 * 26 * 26, outputs = pixels / 4;

const Register forward({"max_pool2d/forward/64x32x26x26 k2", 0, 4 * (pixels + outputs), [] {
                          return [x = randn({64, 32, 26, 26})] { keep(max_pool2d(x, 2)); };
                        }});

const Register train({"max_pool2d/train/64x32x26x26 k2", 0, 8 * (pixels + outputs), [] {
                        return [x = randn({64, 32, 26, 26}), dy = randn({64, 32, 13, 13})] {
                          Tape tape;
                          keep(tape.gradients(max_pool2d(tape.watch(x), 2), dy));
                        };
                      }});

}  // namespace
}  // namespace tenon::bench
