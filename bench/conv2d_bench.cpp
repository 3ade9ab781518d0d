// Convolutions: inference, and one forward and backward pass with all three gradients.

#include "case.hpp"
#include "tenon/autograd/tape.hpp"
#include "tenon/ops/conv2d.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::bench {
namespace {

struct Sizes {
  Index n, c, h, o, kernel, stride, padding;

  Index out() const { return (h + 2 * padding - kernel) / stride + 1; }
  double flops() const {
    return 2.0 * static_cast<double>(n * o * out() * out() * c * kernel * kernel);
  }
  std::string name() const {
    return joined({n, c, h, h}) + "->" + std::to_string(o) + " k" + std::to_string(kernel) + " s" +
           std::to_string(stride) + " p" + std::to_string(padding);
  }
  Conv2dOptions options() const { return {.stride = stride, .padding = padding}; }
};

Case forward_case(const Sizes& s) {
  return {"conv2d/forward/" + s.name(), s.flops(), 0, [=] {
            return [s, x = randn({s.n, s.c, s.h, s.h}), w = randn({s.o, s.c, s.kernel, s.kernel}),
                    b = randn({s.o})] { keep(conv2d(x, w, b, s.options())); };
          }};
}

Case train_case(const Sizes& s) {
  return {"conv2d/train/" + s.name(), 3 * s.flops(), 0, [=] {
            return [s, x = randn({s.n, s.c, s.h, s.h}), w = randn({s.o, s.c, s.kernel, s.kernel}),
                    b = randn({s.o}), dy = randn({s.n, s.o, s.out(), s.out()})] {
              Tape tape;
              const Tensor y = conv2d(tape.watch(x), tape.watch(w), tape.watch(b), s.options());
              keep(tape.gradients(y, dy));
            };
          }};
}

const bool registered = [] {
  for (const Sizes& s : {Sizes{64, 1, 28, 32, 3, 1, 0}, Sizes{64, 32, 13, 64, 3, 1, 0},
                         Sizes{64, 64, 5, 64, 3, 1, 0}, Sizes{32, 3, 32, 32, 3, 1, 1},
                         Sizes{32, 64, 56, 64, 3, 1, 1}, Sizes{32, 128, 28, 128, 3, 1, 1},
                         Sizes{32, 128, 28, 256, 3, 2, 1}, Sizes{32, 256, 14, 256, 1, 1, 0}}) {
    cases().push_back(forward_case(s));
    cases().push_back(train_case(s));
  }
  return true;
}();

}  // namespace
}  // namespace tenon::bench
