// The loss of a batch of logits, and one forward and backward pass.

#include "case.hpp"
#include "tenon/autograd/tape.hpp"
#include "tenon/ops/cross_entropy.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::bench {
namespace {

constexpr Index rows = 1024, classes = 1000;
constexpr double array = 4.0 * rows * classes;

LongTensor some_labels() {
  auto labels = LongTensor::empty({rows});
  for (Index i = 0; i < rows; ++i) labels(i) = i * 7 % classes;
  return labels;
}

// The logits are read; then their gradient is written.
const Register forward({"cross_entropy/forward/1024x1000", 0, array, [] {
                          return [x = randn({rows, classes}), labels = some_labels()] {
                            keep(cross_entropy(x, labels));
                          };
                        }});
const Register train({"cross_entropy/train/1024x1000", 0, 2 * array, [] {
                        return [x = randn({rows, classes}), labels = some_labels()] {
                          Tape tape;
                          keep(tape.gradients(cross_entropy(tape.watch(x), labels)));
                        };
                      }});

}  // namespace
}  // namespace tenon::bench
