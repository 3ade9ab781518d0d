// Halving images, and the average of whole planes that ends a residual network.

#include "case.hpp"
#include "tenon/autograd/tape.hpp"
#include "tenon/ops/avg_pool2d.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::bench {
namespace {

/// 64 images of size x size pixels, in windows of kernel x kernel.
void add(Index channels, Index size, Index kernel) {
  const Shape x{64, channels, size, size}, y{64, channels, size / kernel, size / kernel};
  const std::string name = joined({64, channels, size, size}) + " k" + std::to_string(kernel);
  const double bytes = 4 * static_cast<double>(x.numel() + y.numel());
  Register({"avg_pool2d/forward/" + name, 0, bytes,
            [x, kernel] { return [v = randn(x), kernel] { keep(avg_pool2d(v, kernel)); }; }});
  Register({"avg_pool2d/train/" + name, 0, 2 * bytes, [x, y, kernel] {
              return [v = randn(x), dy = randn(y), kernel] {
                Tape tape;
                keep(tape.gradients(avg_pool2d(tape.watch(v), kernel), dy));
              };
            }});
}

const bool added = [] {
  add(32, 26, 2);
  add(512, 8, 8);
  return true;
}();

}  // namespace
}  // namespace tenon::bench
