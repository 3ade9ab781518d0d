// One step of stochastic gradient descent with momentum for a million parameters.

#include <memory>

#include "case.hpp"
#include "tenon/autograd/tape.hpp"
#include "tenon/nn/parameter.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/optim/sgd.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::bench {
namespace {

constexpr Index n = 1 << 20;

struct Step {
  nn::Parameter w{randn({n})};
  optim::SGD sgd{{&w}, {.lr = 1e-4, .momentum = 0.9, .weight_decay = 1e-4}};
  Gradients gradients = [this] {
    Tape tape;
    return tape.gradients(sum(w));
  }();
};

// The gradient is read, the momentum and the weights are read and written.
const Register momentum({"sgd/momentum/1Mi", 0, 5 * 4.0 * n, [] {
                           auto step = std::make_shared<Step>();
                           return [step] { step->sgd.step(step->gradients); };
                         }});

}  // namespace
}  // namespace tenon::bench
