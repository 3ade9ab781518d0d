#include "tenon/nn/scaler.hpp"

#include <cmath>
#include <limits>
#include <string>

#include "nn_support.hpp"
#include "temporary_folder.hpp"
#include "tenon/io/state_dict.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();

/// Whether every element differs by at most 1e-12 (1e-4 in float, for values around 1000).
template <class T>
bool near(const BasicTensor<T>& a, const BasicTensor<double>& b) {
  const double limit = sizeof(T) == sizeof(double) ? 1e-12 : 1e-4;
  return max_error(a, b) <= limit;
}

/// A column far from 0, one without a value, two constant ones.
template <class T>
BasicTensor<T> table() {
  return tensor<double>({{1, 1000.5, 7, 0.1},
                         {2, 1001, 7, 0.1},
                         {4, 999.25, 7, 0.1},
                         {-3, 1003, 7, 0.1},
                         {0.5, none, 7, 0.1}})
      .to<T>();
}

}  // namespace

// The expected numbers are those of scikit-learn 1.2.
TEMPLATE_TEST_CASE("StandardScaler gives scikit-learn's numbers", "[nn][scaler]", float, double) {
  nn::BasicStandardScaler<TestType> scaler(4);
  const auto x = table<TestType>();
  scaler.fit(x);
  CHECK(near(scaler.mean, tensor<double>({0.9, 1000.9375, 7, 0.1})));
  CHECK(near(scaler.scale, tensor<double>({2.2891046284519194, 1.3506364240608943, 1, 1})));
  const auto y = scaler(x);
  CHECK(near(y, tensor<double>({{0.04368520283305188, -0.32392136936792326, 0, 0},
                                {0.4805372311635709, 0.04627448133827475, 0, 0},
                                {1.3542412878246088, -1.2494109961334183, 0, 0},
                                {-1.703722910489024, 1.5270578841630669, 0, 0},
                                {-0.1747408113322076, none, 0, 0}})));
  CHECK(same_bits(scaler.transform(x), y));
  CHECK(near(scaler.inverse_transform(y), table<double>()));
}

TEMPLATE_TEST_CASE("MinMaxScaler gives scikit-learn's numbers", "[nn][scaler]", float, double) {
  const auto x = table<TestType>();
  nn::BasicMinMaxScaler<TestType> unit(4), wide(4, {.min = -1, .max = 1});
  unit.fit(x);
  wide.fit(x);
  CHECK(near(unit.data_min, tensor<double>({-3, 999.25, 7, 0.1})));
  CHECK(near(unit.data_range, tensor<double>({7, 3.75, 1, 1})));
  const auto expected = tensor<double>({{1.0 / 7, -1.0 / 3, -1, -1},
                                        {3.0 / 7, -1.0 / 15, -1, -1},
                                        {1, -1, -1, -1},
                                        {-1, 1, -1, -1},
                                        {0, none, -1, -1}});
  const auto y = wide(x);
  CHECK(near(y, expected));
  CHECK(near(unit(x), (expected + 1.0) / 2.0));
  // The ends of the range are met exactly.
  CHECK(unit(x)(2, 0) == 1);
  CHECK(unit(x)(3, 0) == 0);
  CHECK(near(wide.inverse_transform(y), table<double>()));
  CHECK(near(unit.inverse_transform(unit.transform(x)), table<double>()));
}

TEST_CASE("Scalers lose no digits of columns far from 0, nor divide by what is not there",
          "[nn][scaler]") {
  // In float the squares of these would be equal.
  nn::StandardScaler scaler(3);
  const float tiny = std::numeric_limits<float>::denorm_min();
  scaler.fit(tensor({{16777214, 0.1, tiny}, {16777215, 0.1, 0}, {16777216, 0.1, 0}}));
  CHECK(scaler.mean(0) == 16777215);
  CHECK(scaler.scale(0) == Approx(std::sqrt(2.0 / 3)));
  CHECK(scaler.scale(1) == 1);
  CHECK(scaler.scale(2) == 1);
  nn::BasicStandardScaler<double> constant(1);
  auto thirds = DoubleTensor::empty({1000, 1});
  thirds.fill_(1.0 / 3);  // their sum is rounded, so their mean is not exactly 1/3
  CHECK(constant.fit(thirds).scale(0) == 1);
  nn::MinMaxScaler range(1);
  CHECK(range.fit(tensor({{tiny}, {0}})).data_range(0) == 1);
}

TEST_CASE("Scalers take views, stacks of rows and single ones", "[nn][scaler]") {
  const auto x = random_tensor<double>({4, 5, 3}, 1);
  nn::BasicStandardScaler<double> stacked(3), flat(3);
  stacked.fit(x);
  flat.fit(x.reshape({20, 3}));
  CHECK(same_bits<double>(stacked.mean, flat.mean));
  CHECK(same_bits<double>(stacked.scale, flat.scale));
  CHECK(stacked(x).shape() == Shape{4, 5, 3});
  CHECK(same_bits(stacked(x)[1][2], stacked(x[1][2])));
  for (const auto& layout : layouts_of(x)) {
    nn::BasicStandardScaler<double> other(3);
    CHECK(same_bits<double>(other.fit(layout).scale, flat.scale));
    CHECK(same_bits(other(layout), stacked(x)));
  }
  CHECK(stacked(DoubleTensor::empty({0, 3})).shape() == Shape{0, 3});
}

TEST_CASE("Before fit() a scaler changes nothing", "[nn][scaler]") {
  const Tensor x = random_tensor<float>({5, 2}, 3);
  CHECK(same_bits(nn::StandardScaler(2)(x), x));
  CHECK(same_bits(nn::MinMaxScaler(2)(x), x));
}

TEST_CASE("Gradients flow through scalers", "[nn][scaler]") {
  const auto x = random_tensor<double>({5, 3}, 4);
  nn::BasicStandardScaler<double> standard(3);
  standard.fit(x);
  nn::BasicMinMaxScaler<double> range(3, {.min = -1, .max = 2});
  range.fit(x);
  CHECK(gradcheck([&](const auto& v) { return standard(v[0]); }, {x}));
  CHECK(gradcheck([&](const auto& v) { return range(v[0]); }, {x}));
}

TEST_CASE("A scaler is saved and loaded with its net and not trained", "[nn][scaler]") {
  manual_seed(1);
  const Tensor x = random_tensor<float>({50, 3}, 5, 10, 90);
  nn::StandardScaler scaler(3);
  scaler.fit(x);
  nn::Sequential net{clone(scaler), nn::Linear(3, 2)};
  CHECK(parameters(net).size() == 2);
  const TemporaryFolder folder;
  io::save(net, folder.file("net.safetensors"));
  manual_seed(2);
  nn::Sequential other{nn::StandardScaler(3), nn::Linear(3, 2)};
  CHECK_FALSE(same_bits(other(x), net(x)));
  io::load(other, folder.file("net.safetensors"));
  CHECK(same_bits(other(x), net(x)));
  // The copy in the net is its own: fitting the first one anew leaves the net alone.
  const Tensor before = net(x);
  scaler.fit(x * 2.0f);
  CHECK(same_bits(net(x), before));

  nn::Sequential ranged{nn::MinMaxScaler(3).fit(x), nn::Linear(3, 2)};
  io::save(ranged, folder.file("ranged.safetensors"));
  nn::Sequential again{nn::MinMaxScaler(3), nn::Linear(3, 2)};
  io::load(again, folder.file("ranged.safetensors"));
  CHECK(same_bits(again(x), ranged(x)));
}

TEST_CASE("A fit that fails leaves the scaler as it was", "[nn][scaler]") {
  nn::StandardScaler scaler(2);
  scaler.fit(tensor({{1, 2}, {3, 6}}));
  CHECK_THROWS_AS(scaler.fit(tensor({{1, inf}, {3, 6}})), ValueError);
  CHECK(equal<float>(scaler.mean, tensor({2, 4})));
}

TEST_CASE("Scalers say what is wrong", "[nn][scaler][errors]") {
  CHECK(error_of([] { nn::StandardScaler(0); }) ==
        "[StandardScaler] num_features must be at least 1, not 0; hint: it is the number of "
        "columns, the size of the last axis");
  CHECK_THAT(error_of([] { nn::MinMaxScaler(-1); }), ContainsSubstring("[MinMaxScaler] num_feat"));
  CHECK(error_of([] { nn::MinMaxScaler(2, {.min = 1, .max = 1}); }) ==
        "[MinMaxScaler] min is 1 and max is 1; hint: max must be larger, such as {.min = -1, .max "
        "= 1}");
  nn::StandardScaler standard(2);
  nn::MinMaxScaler range(2);
  CHECK_THAT(error_of<ShapeError>([&] {
               standard.fit(ones({3, 4}));
             }),
             ContainsSubstring("[StandardScaler.fit] the scaler was made for 2 columns but x is "
                               "(3, 4); hint: num_features must be the size of the last axis"));
  CHECK_THAT(error_of<ShapeError>([&] {
               standard(ones({3, 4}));
             }),
             ContainsSubstring("[StandardScaler] the scaler was made for 2 columns"));
  CHECK_THROWS_AS(standard(ones({})), ShapeError);
  CHECK_THROWS_AS(range(ones({3})), ShapeError);
  CHECK_THROWS_AS(range.fit(ones({3})), ShapeError);
  CHECK_THROWS_AS(range.inverse_transform(ones({3})), ShapeError);
  CHECK_THROWS_AS(standard.inverse_transform(ones({3})), ShapeError);
  CHECK_THAT(error_of<ValueError>([&] { standard(Tensor()); }),
             ContainsSubstring("x is undefined"));
  CHECK(error_of<ValueError>([&] {
          standard.fit(tensor({{1, none}, {2, none}}));
        }) ==
        "[StandardScaler.fit] column 1 of x (2, 2) holds no number; hint: leave the column out, or "
        "replace the values before fit()");
  CHECK(error_of<ValueError>([&] {
          range.fit(tensor({{1, 2}, {-inf, 2}}));
        }) ==
        "[MinMaxScaler.fit] column 0 of x (2, 2) holds an infinite value; hint: leave the column "
        "out, or replace the values before fit()");
  CHECK_THROWS_AS(standard.fit(Tensor::empty({0, 2})), ValueError);
  nn::StandardScaler moved(std::move(standard));
  CHECK_THAT(error_of<ValueError>([&] {
               standard(ones({3, 2}));
             }),
             ContainsSubstring("the scaler has no numbers, since it was moved from"));
  CHECK(moved.description() == "StandardScaler(2)");
  CHECK(range.description() == "MinMaxScaler(2)");
  CHECK(nn::MinMaxScaler(2, {.min = -1, .max = 1}).description() == "MinMaxScaler(2, -1 to 1)");
}
