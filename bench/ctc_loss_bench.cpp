// Lines of handwriting and utterances: many steps, few symbols, short targets.

#include <tenon/tenon.hpp>

#include "case.hpp"

namespace tenon::bench {
namespace {

struct Size {
  Index steps, samples, classes, labels;
  std::string name() const {
    return std::to_string(steps) + "x" + std::to_string(samples) + "x" + std::to_string(classes) +
           " " + std::to_string(labels) + " labels";
  }
};

/// The loss and its gradient.
std::function<void()> step_of(const Size& s) {
  const auto x = log_softmax(randn({s.steps, s.samples, s.classes}), 2);
  const auto targets = randint(1, s.classes, {s.samples, s.labels});
  const auto steps = full<std::int64_t>({s.samples}, s.steps);
  const auto lengths = full<std::int64_t>({s.samples}, s.labels);
  return [=] {
    Tape tape;
    const auto leaf = tape.watch(x);
    keep(tape.gradients(ctc_loss(leaf, targets, steps, lengths)));
  };
}

bool add(const Size& s) {
  cases().push_back({"ctc_loss/train/" + s.name(), 0, 0, [s] { return step_of(s); }});
  return true;
}

const bool registered[] = {add({150, 16, 28, 20}), add({500, 8, 80, 60})};

}  // namespace
}  // namespace tenon::bench
