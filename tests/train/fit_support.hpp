#pragma once

#include <initializer_list>
#include <stdexcept>
#include <string>
#include <tenon/tenon.hpp>
#include <utility>

namespace tenon::test {

/// A training without a net, whose rows a test makes up.
struct FakeFit final : FitState {
  double rate = 0.1;
  Tensor weight = zeros({2});
  Index loads = 0;

  double learning_rate() const override { return rate; }
  void set_learning_rate(double learning_rate) override { rate = learning_rate; }
  io::TensorDict weights() const override { return {{"weight", weight}}; }
  void load_weights(const io::TensorDict& weights) override {
    weight.copy_(weights.get<float>("weight"));
    ++loads;
  }

  /// An epoch of those figures.
  void run_epoch(Callback& callback,
                 std::initializer_list<std::pair<const char*, double>> figures) {
    callback.on_epoch_begin(*this);
    history.epochs.add_row();
    for (const auto& [name, value] : figures) history.epochs.set(name, value);
    callback.on_epoch_end(*this);
    ++epoch;
  }
};

inline data::TensorDataset<Tensor, LongTensor> random_points(Index count, Index features = 5) {
  return {randn({count, features}), randint(0, 3, {count})};
}

inline nn::Sequential point_net() {
  return nn::Sequential{nn::Linear(5, 8), nn::ReLU(), nn::Dropout(0.3), nn::Linear(8, 3)};
}

/// Stands for a program that ends in the middle of a step, without a chance to tidy up.
struct Killed : std::runtime_error {
  Killed() : std::runtime_error("killed") {}
};

inline CallbackHandle kill_at_step(Index step) {
  return on_step_end([step](FitState& fit) {
    if (fit.step == step) throw Killed();
  });
}

}  // namespace tenon::test
