#include "train/monitor.hpp"

#include <cmath>

#include "catch.hpp"
#include "fit_support.hpp"
#include "temporary_folder.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("Whether less is better goes by the words of a name", "[train][monitor]") {
  const auto less = [](const char* name, MonitorMode mode = MonitorMode::automatic) {
    return detail::less_is_better(name, mode);
  };
  for (const char* name : {"loss", "val_loss", "val_mean_squared_error", "perplexity", "val_mse",
                           "rmse", "seconds", "loss_of_decoder"}) {
    INFO(name);
    CHECK(less(name));
  }
  for (const char* name : {"accuracy", "val_accuracy", "top_5_accuracy", "f1_macro", "roc_auc",
                           "r2", "lossless", "terrors", "samples_per_second", ""}) {
    INFO(name);
    CHECK_FALSE(less(name));
  }
  CHECK(less("accuracy", MonitorMode::min));
  CHECK_FALSE(less("loss", MonitorMode::max));
}

TEST_CASE("NaN is never better, and anything is better than none", "[train][monitor]") {
  CHECK_FALSE(detail::is_better(NAN, 1, true));
  CHECK_FALSE(detail::is_better(NAN, NAN, true));
  CHECK_FALSE(detail::is_better(NAN, INFINITY, false));
  CHECK(detail::is_better(INFINITY, NAN, true));
  CHECK(detail::is_better(1, 1.5, true));
  CHECK_FALSE(detail::is_better(1, 1.5, false));
  CHECK_FALSE(detail::is_better(1, 1, true));
  CHECK_FALSE(detail::is_better(1, 1.5, true, 0.5));
  CHECK(detail::is_better(2.5, 1.5, false, 0.9));
}

TEST_CASE("A figure that is not there is named with those that are", "[train][monitor]") {
  FakeFit fit;
  fit.history.epochs.add_row();
  fit.history.epochs.set("loss", 1);
  fit.history.epochs.set("accuracy", 0.5);
  CHECK(detail::monitored("op", fit, "accuracy").value() == 0.5);
  const auto said = [&](const char* name) {
    return message_of<ValueError>([&] { detail::monitored("EarlyStopping", fit, name); });
  };
  CHECK_THAT(said("val_loss"),
             ContainsSubstring("[EarlyStopping] there is no 'val_loss' to monitor; "
                               "there are 'loss', 'accuracy'; hint: give fit() a "
                               "validation part, or monitor 'loss'"));
  CHECK_THAT(said("acc"), ContainsSubstring("there is no 'acc'") &&
                              ContainsSubstring("the names are 'loss', those of the metrics"));
  // The first validation may be yet to come.
  fit.has_validation = true;
  CHECK_FALSE(detail::monitored("op", fit, "val_loss").has_value());
  fit.is_validated = true;
  CHECK_THAT(said("val_acc"), ContainsSubstring("there is no 'val_acc'"));
}
