#include "tenon/optim/reduce_lr_on_plateau.hpp"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "../nn/nn_support.hpp"
#include "tenon/io/safetensors.hpp"

using namespace tenon;
using namespace tenon::test;
using Json = nlohmann::json;

namespace {

optim::ReduceLROnPlateauOptions options_of(const Json& a) {
  const bool is_max = a.value("mode", "min") == "max";
  const bool is_abs = a.value("threshold_mode", "rel") == "abs";
  return {.lr = 0.1,
          .mode = is_max ? optim::PlateauMode::max : optim::PlateauMode::min,
          .factor = a.value("factor", 0.1),
          .patience = a.value("patience", Index{10}),
          .threshold = a.value("threshold", 1e-4),
          .threshold_mode = is_abs ? optim::ThresholdMode::abs : optim::ThresholdMode::rel,
          .cooldown = a.value("cooldown", Index{0}),
          .min_lr = a.value("min_lr", 0.0),
          .eps = a.value("eps", 1e-8)};
}

}  // namespace

TEST_CASE("ReduceLROnPlateau gives PyTorch's learning rates, resumed at any point",
          "[optim][reduce_lr_on_plateau]") {
  const auto file = io::load_safetensors(TENON_TEST_DATA_DIR "/pytorch/plateau.safetensors");
  int cases = 0;
  for (const auto& [name, text] : file.metadata) {
    if (name == "torch") continue;
    CAPTURE(name, text);
    const auto options = options_of(Json::parse(text));
    const auto metrics = file.get<double>(name + ".metrics"),
               expected = file.get<double>(name + ".lr");
    optim::ReduceLROnPlateau plateau(options);
    CHECK(plateau.learning_rate() == 0.1);
    for (Index i = 0; i < metrics.numel(); ++i) {
      CAPTURE(i);
      optim::ReduceLROnPlateau resumed(options);
      resumed.load_state(plateau.state());
      CHECK(plateau(metrics(i)) == expected(i));
      CHECK(plateau.learning_rate() == expected(i));
      CHECK(resumed(metrics(i)) == expected(i));
      CHECK(resumed.state() == plateau.state());
    }
    ++cases;
  }
  CHECK(cases == 10);
}

TEST_CASE("ReduceLROnPlateau's state is its learning rate, the best metric and two counts",
          "[optim][reduce_lr_on_plateau]") {
  optim::ReduceLROnPlateau plateau({.lr = 0.5, .factor = 0.5, .patience = 1, .cooldown = 4});
  const double inf = std::numeric_limits<double>::infinity();
  CHECK(plateau.state() == std::vector<double>{0.5, inf, 0, 0});
  plateau(2);
  plateau(3);
  CHECK(plateau.state() == std::vector<double>{0.5, 2, 1, 0});
  plateau(3);
  CHECK(plateau.state() == std::vector<double>{0.25, 2, 0, 4});
  plateau(1);
  CHECK(plateau.state() == std::vector<double>{0.25, 1, 0, 3});
  CHECK(optim::ReduceLROnPlateau({.mode = optim::PlateauMode::max}).state()[1] == -inf);
}

TEST_CASE("ReduceLROnPlateau says what is wrong", "[optim][reduce_lr_on_plateau][errors]") {
  using Plateau = optim::ReduceLROnPlateau;
  CHECK(error_of<ValueError>([] { Plateau({.lr = -1}); }) ==
        "[ReduceLROnPlateau] lr must be finite and at least 0, not -1");
  CHECK(error_of<ValueError>([] { Plateau({.factor = 1}); }) ==
        "[ReduceLROnPlateau] factor must lie in [0, 1), not 1");
  CHECK(error_of<ValueError>([] { Plateau({.patience = -1}); }) ==
        "[ReduceLROnPlateau] patience must be at least 0, not -1");
  CHECK(error_of<ValueError>([] { Plateau({.cooldown = -2}); }) ==
        "[ReduceLROnPlateau] cooldown must be at least 0, not -2");
  CHECK_THROWS_AS(Plateau({.threshold = std::nan("")}), ValueError);
  CHECK_THROWS_AS(Plateau({.min_lr = -1}), ValueError);
  CHECK_THROWS_AS(Plateau({.eps = -1}), ValueError);
  Plateau plateau;
  const auto before = plateau.state();
  CHECK(error_of<ValueError>([&] {
          plateau.load_state({1, 2, 3});
        }) == "[ReduceLROnPlateau] a state has 4 numbers, not 3; hint: load what state() gave");
  CHECK(error_of<ValueError>([&] {
          plateau.load_state({0.5, 2, 1.5, 0});
        }) ==
        "[ReduceLROnPlateau] (0.5, 2, 1.5, 0) is no learning rate, best metric and two counts; "
        "hint: load what state() gave");
  CHECK_THROWS_AS(plateau.load_state({-1, 2, 1, 0}), ValueError);
  CHECK_THROWS_AS(plateau.load_state({1, std::nan(""), 1, 0}), ValueError);
  CHECK_THROWS_AS(plateau.load_state({1, 2, 1, -1}), ValueError);
  CHECK(plateau.state() == before);
}
