#include <array>
#include <cmath>
#include <set>

#include "tensor_support.hpp"

using namespace tenon_test;

TEST_CASE("tensor reads nested lists", "[tensor][factories][tiny]") {
  CHECK(tensor(5).rank() == 0);
  CHECK(tensor(5).item() == 5);
  CHECK(tensor({5}).shape() == Shape{1});
  CHECK(tensor({{5}}).shape() == Shape{1, 1});
  CHECK(tensor({{{5}}}).shape() == Shape{1, 1, 1});
  CHECK(tensor({1, 2, 3}).shape() == Shape{3});
  const Tensor x = tensor({{1, 2, 3}, {4, 5, 6.5}});
  CHECK(x.shape() == Shape{2, 3});
  CHECK(values_of(x) == std::vector<float>{1, 2, 3, 4, 5, 6.5});
  CHECK(tensor({{1, 2}}).shape() == Shape{1, 2});
  CHECK(tensor({{{1, 2}, {3, 4}}, {{5, 6}, {7, 8}}}).shape() == Shape{2, 2, 2});
  CHECK(tensor({}).shape() == Shape{0});
  CHECK(tensor({{}, {}}).shape() == Shape{2, 0});
  CHECK(values_of(tensor<std::int64_t>({1, std::int64_t{1} << 40})) ==
        std::vector<std::int64_t>{1, std::int64_t{1} << 40});
  CHECK(values_of(tensor<bool>({true, false})) == std::vector<bool>{true, false});
  CHECK(tensor<double>(0.1).item() == 0.1);
  CHECK(tensor<std::uint8_t>({255}).item() == 255);
}

TEST_CASE("tensor says where rows differ", "[tensor][factories][error]") {
  CHECK(message<ShapeError>([] {
          tensor({{1, 2}, {3}});
        }) ==
        "[tensor] found a list of 1 where earlier rows have a list of 2; hint: all lists of one "
        "level must have the same length");
  CHECK(message<ShapeError>([] {
          tensor({{1, 2}, 3});
        }) ==
        "[tensor] found a number where earlier rows have a list of 2; hint: all lists of one "
        "level must have the same length");
  CHECK(message<ShapeError>([] {
          tensor({1, {2}});
        }) ==
        "[tensor] found a list of 1 where earlier rows have a number; hint: all lists of one "
        "level must have the same length");
  CHECK_THROWS_AS(tensor({{}, {1}}), ShapeError);
  CHECK_THROWS_AS(tensor({{{{{{{{{1}}}}}}}}}), ShapeError);
}

TEST_CASE("full, zeros, ones and eye", "[tensor][factories]") {
  CHECK(values_of(full({2, 2}, 3)) == std::vector<float>(4, 3.0f));
  CHECK(values_of(zeros<std::int64_t>({3})) == std::vector<std::int64_t>(3, 0));
  CHECK(values_of(ones<bool>({3})) == std::vector<bool>(3, true));
  CHECK(ones({}).item() == 1);
  CHECK(zeros({0, 4}).numel() == 0);
  const Tensor x = counting<float>({2, 3}).t();
  CHECK(zeros_like(x).shape() == Shape{3, 2});
  CHECK(ones_like(x).is_contiguous());
  CHECK(empty_like(x).shape() == Shape{3, 2});
  CHECK(values_of(eye(2)) == std::vector<float>{1, 0, 0, 1});
  CHECK(eye(0).shape() == Shape{0, 0});
  CHECK_THROWS_AS(eye(-1), ValueError);
  const Index many = 100003;
  const Tensor large = full({many}, 2);
  CHECK(std::count(large.data(), large.data() + many, 2.0f) == many);
}

TEST_CASE("arange stops before stop", "[tensor][factories]") {
  CHECK(values_of(arange(4)) == std::vector<float>{0, 1, 2, 3});
  CHECK(values_of(arange(1, 2, 0.25)) == std::vector<float>{1, 1.25, 1.5, 1.75});
  CHECK(values_of(arange<std::int64_t>(5, 0, -2)) == std::vector<std::int64_t>{5, 3, 1});
  CHECK(values_of(arange<std::uint8_t>(254, 256)) == std::vector<std::uint8_t>{254, 255});
  CHECK(arange(0, 1, 0.1).numel() == 10);
  CHECK(arange(0).shape() == Shape{0});
  CHECK(arange(3, 1).shape() == Shape{0});
  CHECK(arange<std::int64_t>(50000).numel() == 50000);
  CHECK(arange<std::int64_t>(50000)(-1) == 49999);
}

TEST_CASE("arange says what is wrong", "[tensor][factories][error]") {
  CHECK(message<ValueError>([] { arange(0, 1, 0); }) ==
        "[arange] the step must be a number other than 0 but 0 was given; hint: it is the "
        "distance of two neighbours");
  CHECK(message<ValueError>([] { arange<std::int64_t>(0, 2, 0.5); }) ==
        "[arange] the values of a tensor of int64 are whole numbers but 0.5 was given; hint: ask "
        "for a tensor of float");
  CHECK(message<ValueError>([] { arange<std::uint8_t>(300); }) ==
        "[arange] a tensor of uint8 cannot hold the value 299; hint: give finite bounds inside "
        "the range of that type");
  CHECK(message<ValueError>([] { arange(0, 1e30); }) ==
        "[arange] from 0 to 1e+30 in steps of 1 is too many values; hint: is the step meant to be "
        "that small?");
  CHECK_THROWS_AS(arange(INFINITY), ValueError);
  CHECK_THROWS_AS(arange(NAN), ValueError);
  CHECK_THROWS_AS(arange(0, 1, NAN), ValueError);
  CHECK_THROWS_AS(arange<std::int64_t>(1e18, 2e19, 1e18), ValueError);
  CHECK_THROWS_AS(arange(1e300, 1.5e300, 1e299), ValueError);
}

TEST_CASE("linspace meets both ends", "[tensor][factories]") {
  CHECK(values_of(linspace(0, 1, 5)) == std::vector<float>{0, 0.25, 0.5, 0.75, 1});
  CHECK(values_of(linspace(3, 9, 1)) == std::vector<float>{3});
  CHECK(linspace(0, 1, 0).shape() == Shape{0});
  for (Index n = 2; n < 200; ++n) {
    const DoubleTensor x = linspace<double>(-0.1, 0.7, n);
    REQUIRE(x(0) == -0.1);
    REQUIRE(x(-1) == 0.7);
  }
  CHECK(values_of(linspace<std::int32_t>(0, 10, 3)) == std::vector<std::int32_t>{0, 5, 10});
  CHECK(message<ValueError>([] { linspace(0, 1, -1); }) ==
        "[linspace] the number of values must be at least 0 but -1 was given; hint: "
        "linspace(start, stop, count)");
  CHECK_THROWS_AS(linspace(0, INFINITY, 3), ValueError);
}

TEST_CASE("Random factories repeat with the seed", "[tensor][factories]") {
  manual_seed(7);
  const Tensor a = rand({50, 3});
  const Tensor b = randn({50, 3});
  const LongTensor c = randint(-5, 5, {50, 3});
  const LongTensor d = randperm(50);
  CHECK_FALSE(equal(a, rand({50, 3})));
  manual_seed(7);
  CHECK(equal(a, rand({50, 3})));
  CHECK(equal(b, randn({50, 3})));
  CHECK(equal(c, randint(-5, 5, {50, 3})));
  CHECK(equal(d, randperm(50)));
  CHECK(c.shape() == Shape{50, 3});
}

TEST_CASE("Random factories keep their ranges", "[tensor][factories]") {
  manual_seed(1);
  for (const float v : values_of(uniform({1000}, -2, 3))) REQUIRE((v >= -2 && v < 3));
  std::set<std::int64_t> seen;
  for (const std::int64_t v : values_of(randint(-2, 3, {1000}))) seen.insert(v);
  CHECK(seen == std::set<std::int64_t>{-2, -1, 0, 1, 2});
  CHECK(values_of(randint(4, 5, {3})) == std::vector<std::int64_t>(3, 4));
  const Index low = std::numeric_limits<Index>::min();
  const Index high = std::numeric_limits<Index>::max();
  CHECK_NOTHROW(randint(low, high, {10}));
  std::vector<std::int64_t> order = values_of(randperm(100));
  std::sort(order.begin(), order.end());
  CHECK(order == values_of(counting({100})));
  CHECK(randperm(0).numel() == 0);
  const auto spread = values_of(normal<double>({20000}, 3, 0.5));
  double mean = 0;
  for (const double v : spread) mean += v / 20000;
  CHECK(mean == Approx(3).margin(0.02));
  CHECK(values_of(normal({3}, 2, 0)) == std::vector<float>(3, 2.0f));
  CHECK(rand({0}).numel() == 0);
}

TEST_CASE("Random factories say what is wrong", "[tensor][factories][error]") {
  CHECK(message<ValueError>([] { uniform({2}, 1, 0); }) ==
        "[uniform] the range from 1 to 0 is not one; hint: low <= high, both finite");
  CHECK_THROWS_AS(uniform({2}, 0, INFINITY), ValueError);
  CHECK_THROWS_AS(uniform({2}, NAN, 1), ValueError);
  CHECK(message<ValueError>([] { normal({2}, 0, -1); }) ==
        "[normal] the standard deviation must be at least 0 but -1 was given; hint: normal(shape, "
        "mean, stddev)");
  CHECK(message<ValueError>([] { randint(3, 3, {2}); }) ==
        "[randint] there is no integer in [3, 3); hint: high itself is excluded");
  CHECK_THROWS_AS(randperm(-1), ValueError);
}

TEST_CASE("from_data copies and from_container takes any contiguous container",
          "[tensor][factories]") {
  std::vector<float> values{1, 2, 3, 4, 5, 6};
  const Tensor x = from_data(values.data(), {2, 3});
  values[0] = 9;
  CHECK(x(0, 0) == 1);
  CHECK(values_of(from_container(values)) == values);
  CHECK(values_of(from_container(std::array<std::int64_t, 2>{3, 4})) ==
        std::vector<std::int64_t>{3, 4});
  CHECK(from_container(std::vector<double>()).shape() == Shape{0});
  CHECK(message<ValueError>([] { from_data<float>(nullptr, {2}); }) ==
        "[from_data] the pointer to the values of shape (2) is null; hint: is the container "
        "empty?");
}

TEST_CASE("from_blob shares the caller's memory", "[tensor][factories]") {
  std::vector<double> values{1, 2, 3, 4};
  {
    DoubleTensor x = from_blob(values.data(), {2, 2});
    const DoubleTensor view = x.t();
    x(0, 1) = 8;
    CHECK(view(1, 0) == 8);
    CHECK(view.shares_storage(x));
  }
  CHECK(values == std::vector<double>{1, 8, 3, 4});
  CHECK_THROWS_AS(from_blob<float>(nullptr, {1}), ValueError);
  CHECK(from_blob<float>(nullptr, {0}).numel() == 0);
  CHECK_THROWS_AS(from_blob(values.data(), {-1}), ValueError);
}
