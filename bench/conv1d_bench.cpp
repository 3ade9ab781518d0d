// Convolutions of sequences and volumes: one forward pass, and one with all gradients.

#include "case.hpp"
#include "tenon/autograd/tape.hpp"
#include "tenon/ops/conv1d.hpp"
#include "tenon/ops/conv3d.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::bench {
namespace {

template <class F>
void add_convolution(const std::string& op, const std::string& sizes, const Shape& x,
                     const Shape& w, const Shape& y, const F& f) {
  const double flops = 2 * static_cast<double>(y.numel() * (w.numel() / w[0]));
  const double bytes = 4 * static_cast<double>(x.numel() + w.numel() + y.numel());
  Register({op + "/forward/" + sizes, flops, bytes,
            [=] { return [f, a = randn(x), b = randn(w)] { keep(f(a, b)); }; }});
  Register({op + "/train/" + sizes, 3 * flops, 2 * bytes, [=] {
              return [f, a = randn(x), b = randn(w), dy = randn(y)] {
                Tape tape;
                keep(tape.gradients(f(tape.watch(a), tape.watch(b)), dy));
              };
            }});
}

/// 32 sequences.
void add_conv1d(Index channels, Index length, Index kernel) {
  const Shape x{32, channels, length}, w{channels, channels, kernel};
  add_convolution("conv1d", joined({32, channels, length}) + " k" + std::to_string(kernel), x, w, x,
                  [](const Tensor& a, const Tensor& b) {
                    return conv1d(a, b, {}, {.padding = Padding::same});
                  });
}

/// 4 cubes, kernels of 3 x 3 x 3.
void add_conv3d(Index in, Index out, Index size) {
  const Shape x{4, in, size, size, size}, w{out, in, 3, 3, 3}, y{4, out, size, size, size};
  add_convolution(
      "conv3d", joined({4, in, size, size, size}) + " o" + std::to_string(out), x, w, y,
      [](const Tensor& a, const Tensor& b) { return conv3d(a, b, {}, {.padding = 1}); });
}

const bool added = [] {
  add_conv1d(64, 256, 3);
  add_conv1d(128, 100, 5);
  add_conv3d(8, 16, 16);
  add_conv3d(32, 32, 12);
  return true;
}();

}  // namespace
}  // namespace tenon::bench
