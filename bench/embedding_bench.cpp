// The table of imdb_bilstm, a larger one, and one so large that few of its rows are met in a step.

#include <tenon/tenon.hpp>

#include "case.hpp"

namespace tenon::bench {
namespace {

struct Table {
  Index ids, rows, columns;

  std::string name() const {
    return std::to_string(ids) + " of " + std::to_string(rows) + "x" + std::to_string(columns);
  }
  double looked_up() const { return 4.0 * static_cast<double>(ids * columns); }
  double bytes() const { return 4.0 * static_cast<double>(rows * columns); }
  LongTensor random_ids() const { return randint(0, rows, {ids}); }
};

/// One step of training the table alone: look up, gradient, update.
template <class Optimizer>
std::function<void()> step_of(const Table& t) {
  struct State {
    nn::Embedding layer;
    Optimizer optimizer;
    LongTensor ids;
    Tensor dy;
    explicit State(const Table& table)
        : layer(table.rows, table.columns),
          optimizer(layer),
          ids(table.random_ids()),
          dy(randn({table.ids, table.columns})) {}
  };
  return [state = std::make_shared<State>(t)] {
    Tape tape;
    state->optimizer.step(tape.gradients(state->layer(state->ids), state->dy));
  };
}

bool add(const Table& t) {
  cases().push_back(
      {"embedding/forward/" + t.name(), 0, 2 * t.looked_up(), [t] {
         return [w = randn({t.rows, t.columns}), ids = t.random_ids()] { keep(embedding(ids, w)); };
       }});
  cases().push_back({"embedding/train/" + t.name(), 0, 3 * t.looked_up() + t.bytes(), [t] {
                       return [w = randn({t.rows, t.columns}), ids = t.random_ids(),
                               dy = randn({t.ids, t.columns})] {
                         Tape tape;
                         keep(tape.gradients(embedding(ids, tape.watch(w)), dy));
                       };
                     }});
  cases().push_back({"embedding/adam_step/" + t.name(), 0, 3 * t.looked_up() + 8 * t.bytes(),
                     [t] { return step_of<optim::Adam>(t); }});
  cases().push_back({"embedding/adagrad_step/" + t.name(), 0, 3 * t.looked_up() + 2 * t.bytes(),
                     [t] { return step_of<optim::Adagrad>(t); }});
  return true;
}

const bool registered[] = {add({32768, 10000, 16}), add({8192, 30000, 128}),
                           add({1024, 100000, 128})};

}  // namespace
}  // namespace tenon::bench
