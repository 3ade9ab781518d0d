// Transposed convolutions that double an image, as generators and segmenters do: inference, and one
// forward and backward pass with all three gradients.

#include "case.hpp"
#include "tenon/autograd/tape.hpp"
#include "tenon/ops/conv_transpose2d.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::bench {
namespace {

struct Sizes {
  Index n, c, h, o, kernel, stride, padding;

  Index out() const { return (h - 1) * stride - 2 * padding + kernel; }
  double flops() const { return 2.0 * static_cast<double>(n * c * h * h * o * kernel * kernel); }
  std::string name() const {
    return joined({n, c, h, h}) + "->" + std::to_string(o) + " k" + std::to_string(kernel) + " s" +
           std::to_string(stride) + " p" + std::to_string(padding);
  }
  ConvTranspose2dOptions options() const { return {.stride = stride, .padding = padding}; }
};

Case forward_case(const Sizes& s) {
  return {"conv_transpose2d/forward/" + s.name(), s.flops(), 0, [=] {
            return [s, x = randn({s.n, s.c, s.h, s.h}), w = randn({s.c, s.o, s.kernel, s.kernel}),
                    b = randn({s.o})] { keep(conv_transpose2d(x, w, b, s.options())); };
          }};
}

Case train_case(const Sizes& s) {
  return {"conv_transpose2d/train/" + s.name(), 3 * s.flops(), 0, [=] {
            return [s, x = randn({s.n, s.c, s.h, s.h}), w = randn({s.c, s.o, s.kernel, s.kernel}),
                    b = randn({s.o}), dy = randn({s.n, s.o, s.out(), s.out()})] {
              Tape tape;
              const Tensor y =
                  conv_transpose2d(tape.watch(x), tape.watch(w), tape.watch(b), s.options());
              keep(tape.gradients(y, dy));
            };
          }};
}

const bool registered = [] {
  for (const Sizes& s : {Sizes{32, 128, 14, 64, 4, 2, 1}, Sizes{16, 64, 28, 32, 2, 2, 0}}) {
    cases().push_back(forward_case(s));
    cases().push_back(train_case(s));
  }
  return true;
}();

}  // namespace
}  // namespace tenon::bench
