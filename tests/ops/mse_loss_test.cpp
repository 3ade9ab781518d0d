#include "tenon/ops/mse_loss.hpp"

#include <limits>

#include "ops_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

constexpr Reduction reductions[] = {Reduction::none, Reduction::mean, Reduction::sum};

}  // namespace

TEST_CASE("mse_loss agrees with its definition", "[ops][mse_loss]") {
  for (const Shape& shape : {Shape{4, 7}, Shape{131}, Shape{1}, Shape{}, Shape{2, 3, 5}}) {
    const auto x = random_tensor(shape, 1), t = random_tensor(shape, 2);
    double total = 0;
    for_each_position(shape, [&](const Shape& p) {
      const double d = value_at(x, p) - value_at(t, p);
      total += d * d;
    });
    for (std::size_t i = 0; i < 3; ++i) {
      const auto xi = layouts_of(x)[i], ti = layouts_of(t)[(i + 1) % 3];
      CHECK(mse_loss(xi, ti, Reduction::sum).item() == Approx(total).epsilon(1e-14));
      CHECK(mse_loss(xi, ti).item() ==
            Approx(total / static_cast<double>(x.numel())).epsilon(1e-14));
      const auto losses = mse_loss(xi, ti, Reduction::none);
      for_each_position(shape, [&](const Shape& p) {
        const double d = value_at(x, p) - value_at(t, p);
        CHECK(value_at(losses, p) == d * d);
      });
    }
  }
}

TEST_CASE("mse_loss passes gradient checks of first and second order", "[ops][mse_loss]") {
  for (Reduction reduction : reductions) {
    check_gradients_in_all_layouts("mse_loss",
                                   [&](auto& in) { return mse_loss(in[0], in[1], reduction); },
                                   {random_tensor({3, 5}, 3), random_tensor({3, 5}, 4)});
  }
}

TEST_CASE("mse_loss of nothing is NaN as a mean and 0 as a sum", "[ops][mse_loss]") {
  const auto x = zeros({0, 3});
  CHECK(std::isnan(mse_loss(x, x).item()));
  CHECK(mse_loss(x, x, Reduction::sum).item() == 0);
  CHECK(mse_loss(x, x, Reduction::none).shape() == Shape{0, 3});
}

TEST_CASE("NaN in mse_loss reaches its own element and the mean", "[ops][mse_loss]") {
  const auto x = tensor({1, std::numeric_limits<float>::quiet_NaN(), 3});
  const auto losses = mse_loss(x, zeros({3}), Reduction::none);
  CHECK(losses(0) == 1);
  CHECK(std::isnan(losses(1)));
  CHECK(losses(2) == 9);
  CHECK(std::isnan(mse_loss(x, zeros({3})).item()));
}

TEST_CASE("mse_loss has the same bits for every number of threads", "[ops][mse_loss]") {
  const auto x = random_tensor<float>({100003}, 5), t = random_tensor<float>({100003}, 6);
  CHECK(same_bits_for_all_threads([&] { return mse_loss(x, t); }));
  CHECK(same_bits_for_all_threads([&] {
    Tape tape;
    const auto leaf = tape.watch(x);
    return tape.gradients(mse_loss(leaf, t))[leaf];
  }));
}

TEST_CASE("mse_loss broadcasts nothing", "[ops][mse_loss]") {
  CHECK(error_of<ShapeError>([] {
          mse_loss(zeros({4, 1}), zeros({4}));
        }) ==
        "[mse_loss] x and target must have one shape but have (4, 1) and (4); hint: reshape one of "
        "them, most often by squeeze(-1) or unsqueeze(-1)");
  CHECK(error_of<ShapeError>([] {
          mse_loss(zeros({4, 3}), zeros({3}));
        }) ==
        "[mse_loss] x and target must have one shape but have (4, 3) and (3); hint: nothing is "
        "broadcast here; expand one of them if that is what you want");
  CHECK_THROWS_AS(mse_loss(Tensor(), zeros({1})), ValueError);
  CHECK_THROWS_AS(mse_loss(zeros({1}), Tensor()), ValueError);
}
