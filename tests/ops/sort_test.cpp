#include "tenon/ops/sort.hpp"

#include "ops_support.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/index.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

const double not_a_number = std::numeric_limits<double>::quiet_NaN();
const double infinity = std::numeric_limits<double>::infinity();

/// Positions of a line sorted stably by an independent rule: NaN stands for more than infinity.
std::vector<Index> sorted_places(const std::vector<double>& line, bool descending) {
  std::vector<Index> places(line.size());
  for (std::size_t i = 0; i < places.size(); ++i) places[i] = static_cast<Index>(i);
  const auto value = [&](Index i) { return line[static_cast<std::size_t>(i)]; };
  const auto less = [&](Index a, Index b) {
    return std::isnan(value(b)) ? !std::isnan(value(a)) : value(a) < value(b);
  };
  std::stable_sort(places.begin(), places.end(),
                   [&](Index a, Index b) { return descending ? less(b, a) : less(a, b); });
  return places;
}

}  // namespace

TEST_CASE("sort orders each line stably, NaN last", "[ops][sort]") {
  DoubleTensor x = random_integers({3, 40, 2}, 1, -9, 9).to<double>();
  x(0, 3, 0) = x(0, 30, 0) = x(2, 0, 1) = not_a_number;
  x(1, 5, 1) = infinity;
  x(1, 6, 1) = -infinity;
  for (const bool descending : {false, true}) {
    for (const auto& layout : layouts_of(x)) {
      const auto y = sort(layout, 1, descending);
      CHECK(equal(argsort(layout, -2, descending), y.indices));
      CHECK(same_bits(gather(layout, 1, y.indices), y.values));
      const auto top = topk(layout, 7, 1, descending);
      CHECK(equal(top.indices, y.indices.narrow(1, 0, 7)));
      CHECK(same_bits(top.values, y.values.narrow(1, 0, 7)));
      for (Index o = 0; o < 3; ++o) {
        for (Index i = 0; i < 2; ++i) {
          const auto places = sorted_places(values_of(x[o].select(1, i)), descending);
          for (Index k = 0; k < 40; ++k) {
            CHECK(y.indices(o, k, i) == places[static_cast<std::size_t>(k)]);
          }
        }
      }
    }
  }
  CHECK(equal(sort(tensor<std::int64_t>({3, -1, 2})).values, tensor<std::int64_t>({-1, 2, 3})));
}

TEST_CASE("sort and topk of nothing", "[ops][sort]") {
  CHECK(sort(ones({0, 2}), 0).values.shape() == Shape{0, 2});
  CHECK(sort(ones({2, 0})).indices.shape() == Shape{2, 0});
  CHECK(topk(ones({2, 3}), 0).values.shape() == Shape{2, 0});
  CHECK(equal(topk(tensor({1, 5, 3}), 3).values, tensor({5, 3, 1})));
}

TEST_CASE("unique gives values, where they are and how many", "[ops][sort]") {
  const Tensor x = tensor({{3, 1, 3}, {2, 1, 3}});
  for (const auto& layout : layouts_of(x)) {
    const auto u = unique(layout);
    CHECK(equal(u.values, tensor({1, 2, 3})));
    CHECK(equal(u.counts, tensor<std::int64_t>({2, 1, 3})));
    CHECK(equal(take(u.values, u.inverse, 0), x));
  }
  const auto with_nan = unique(tensor<double>({not_a_number, 1, not_a_number}));
  CHECK(with_nan.values.numel() == 3);
  CHECK(equal(with_nan.inverse, tensor<std::int64_t>({1, 0, 2})));
  CHECK(unique(ones({0, 2})).values.shape() == Shape{0});
  CHECK(unique(ones({0, 2})).inverse.shape() == Shape{0, 2});
  CHECK(equal(unique(tensor<std::int64_t>(4)).counts, tensor<std::int64_t>({1})));
}

TEST_CASE("sort and topk pass gradient checks of first and second order", "[ops][sort]") {
  const DoubleTensor x = distinct_tensor({3, 4, 2}, 1);
  check_gradients_in_all_layouts(
      "sort", [](auto& in) { return square(sort(in[0], 1, true).values).narrow(1, 0, 3); }, {x});
  check_gradients_in_all_layouts("topk", [](auto& in) { return square(topk(in[0], 2, 1).values); },
                                 {x});
}

TEST_CASE("sorting has the same bits for every number of threads", "[ops][sort]") {
  const Tensor x = random_integers({40, 3000}, 1, 0, 900).to<float>();
  CHECK(same_bits_for_all_threads([&] { return argsort(x); }));
  CHECK(same_bits_for_all_threads([&] { return topk(x, 50).indices; }));
}

TEST_CASE("sorting says what cannot be", "[ops][sort][errors]") {
  CHECK(error_of<ValueError>([] {
          topk(ones({2, 5}), 6);
        }) ==
        "[topk] k is 6 but axis 1 of shape (2, 5) has 5 positions; hint: the arguments are topk(x, "
        "k, axis)");
  CHECK_THROWS_AS(topk(ones({2, 5}), -1), ValueError);
  CHECK_THROWS_AS(sort(ones({2}), 1), IndexError);
  CHECK_THROWS_AS(sort(tensor(1)), IndexError);
  CHECK_THROWS_AS(argsort(Tensor()), ValueError);
  CHECK_THROWS_AS(unique(Tensor()), ValueError);
}
