// Convolutions: inference, and one forward and backward pass with all three gradients.

#include "case.hpp"
#include "tenon/autograd/tape.hpp"
#include "tenon/ops/conv2d.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::bench {
namespace {

struct Sizes {
  Index n, c, h, o, kernel, stride, padding, groups = 1;

  Index out() const { return (h + 2 * padding - kernel) / stride + 1; }
  /// Little is computed with each value: memory is the limit.
  bool is_depthwise() const { return groups == c && c > 1; }
  double flops() const {
    const Index products = n * o * out() * out() * (c / groups) * kernel * kernel;
    return is_depthwise() ? 0 : 2.0 * static_cast<double>(products);
  }
  /// Of x and y.
  double bytes() const {
    const Index values = n * c * h * h + n * o * out() * out();
    return is_depthwise() ? 4.0 * static_cast<double>(values) : 0;
  }
  std::string name() const {
    return joined({n, c, h, h}) + "->" + std::to_string(o) + " k" + std::to_string(kernel) + " s" +
           std::to_string(stride) + " p" + std::to_string(padding) +
           (groups > 1 ? " g" + std::to_string(groups) : "");
  }
  Conv2dOptions options() const { return {.stride = stride, .padding = padding, .groups = groups}; }
  Tensor weight() const { return randn({o, c / groups, kernel, kernel}); }
};

Case forward_case(const Sizes& s) {
  return {"conv2d/forward/" + s.name(), s.flops(), s.bytes(), [=] {
            return [s, x = randn({s.n, s.c, s.h, s.h}), w = s.weight(), b = randn({s.o})] {
              keep(conv2d(x, w, b, s.options()));
            };
          }};
}

Case train_case(const Sizes& s) {
  return {"conv2d/train/" + s.name(), 3 * s.flops(), 2 * s.bytes(), [=] {
            return [s, x = randn({s.n, s.c, s.h, s.h}), w = s.weight(), b = randn({s.o}),
                    dy = randn({s.n, s.o, s.out(), s.out()})] {
              Tape tape;
              const Tensor y = conv2d(tape.watch(x), tape.watch(w), tape.watch(b), s.options());
              keep(tape.gradients(y, dy));
            };
          }};
}

const bool registered = [] {
  for (const Sizes& s :
       {Sizes{64, 1, 28, 32, 3, 1, 0}, Sizes{64, 32, 13, 64, 3, 1, 0},
        Sizes{64, 64, 5, 64, 3, 1, 0}, Sizes{32, 3, 32, 32, 3, 1, 1},
        Sizes{32, 64, 56, 64, 3, 1, 1}, Sizes{32, 128, 28, 128, 3, 1, 1},
        Sizes{32, 128, 28, 256, 3, 2, 1}, Sizes{32, 256, 14, 256, 1, 1, 0},
        Sizes{32, 64, 56, 64, 3, 1, 1, 64}, Sizes{32, 128, 28, 128, 3, 2, 1, 128}}) {
    cases().push_back(forward_case(s));
    cases().push_back(train_case(s));
  }
  return true;
}();

}  // namespace
}  // namespace tenon::bench
