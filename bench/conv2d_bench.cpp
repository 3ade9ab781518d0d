// Convolutions: inference, and one forward and backward pass with all three gradients.

#include "case.hpp"
#include "sizes.hpp"
#include "tenon/autograd/tape.hpp"
#include "tenon/ops/conv2d.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::bench {
namespace {

Case forward_case(const Conv2dSizes& s) {
  return {s.name(), s.flops(), s.bytes(), [=] {
            return [s, x = randn({s.n, s.c, s.h, s.h}),
                    w = randn({s.o, s.c / s.groups, s.kernel, s.kernel}),
                    b = randn({s.o})] { keep(conv2d(x, w, b, s.options())); };
          }};
}

Case train_case(const Conv2dSizes& s) {
  return {s.train_name(), 3 * s.flops(), 2 * s.bytes(), [=] {
            return [s, x = randn({s.n, s.c, s.h, s.h}),
                    w = randn({s.o, s.c / s.groups, s.kernel, s.kernel}), b = randn({s.o}),
                    dy = randn({s.n, s.o, s.out(), s.out()})] {
              Tape tape;
              const Tensor y = conv2d(tape.watch(x), tape.watch(w), tape.watch(b), s.options());
              keep(tape.gradients(y, dy));
            };
          }};
}

const bool registered = [] {
  for (const Conv2dSizes& s : conv2d_sizes) {
    cases().push_back(forward_case(s));
    cases().push_back(train_case(s));
  }
  return true;
}();

}  // namespace
}  // namespace tenon::bench
