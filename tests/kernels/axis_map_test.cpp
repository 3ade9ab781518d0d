#include "tenon/kernels/axis_map.hpp"

#include "kernel_support.hpp"

using namespace tenon;
using namespace tenon::test;
using kernels::AxisMapDims;

namespace {

struct Rows {
  std::vector<std::int64_t> starts{0}, columns;

  void add(std::initializer_list<std::int64_t> entries) {
    columns.insert(columns.end(), entries);
    starts.push_back(static_cast<std::int64_t>(columns.size()));
  }
  Index outputs() const { return static_cast<Index>(starts.size()) - 1; }
};

/// Rows of no entry, one and up to four, at random columns, in between stretches of neighbours:
/// what paddings, windows and their transposes are made of.
Rows mixed_rows(Index inputs) {
  Rows rows;
  for (Index k = 0; k < 40; ++k) {
    const Index a = k * 7 % inputs, b = k * 5 % inputs, c = k * 3 % inputs;
    if (k % 8 == 1) rows.add({});
    if (k % 8 == 2) rows.add({b, a});
    if (k % 8 == 3) rows.add({a, b, c});
    if (k % 8 == 4) rows.add({c, c, b, a});
    if (k % 8 == 5) {
      for (Index i = 0; i < inputs; ++i) rows.add({i});
    }
    if (k % 8 == 6) {
      for (Index i = std::min<Index>(inputs, 9) - 1; i >= 0; --i) rows.add({i});
    }
    if (k % 8 == 7) rows.add({a});
  }
  return rows;
}

template <class T>
void check(const AxisMapDims& d, const Rows& rows, bool weighted) {
  INFO(d.outer << " x " << d.inputs << " to " << d.outputs << " x " << d.inner << ", weighted "
               << weighted);
  const auto x = normal<T>(d.outer * d.inputs * d.inner, 1);
  const auto weights = normal<T>(static_cast<Index>(rows.columns.size()), 2);
  std::vector<reference::Product> expected;
  for (Index o = 0; o < d.outer; ++o) {
    for (std::size_t k = 0; k < count(d.outputs); ++k) {
      for (Index i = 0; i < d.inner; ++i) {
        reference::Product sum;
        for (std::size_t e = count(rows.starts[k]); e < count(rows.starts[k + 1]); ++e) {
          const double v =
              static_cast<double>(x[count((o * d.inputs + rows.columns[e]) * d.inner + i)]);
          const double term = weighted ? static_cast<double>(weights[e]) * v : v;
          sum.value += term;
          sum.magnitude += std::abs(term);
        }
        expected.push_back(sum);
      }
    }
  }
  const auto y = same_at_all_threads([&] {
    std::vector<T> out(expected.size(), nan_v<T>);
    kernels::axis_map<T>(
        d, {rows.starts.data(), rows.columns.data(), weighted ? weights.data() : nullptr}, x.data(),
        out.data());
    return out;
  });
  CHECK(worst_sum_error(y, expected) <= 4);  // products and sums of up to four terms
}

}  // namespace

TEMPLATE_TEST_CASE("axis_map adds up the entries of each row", "[kernels][axis_map]", float,
                   double) {
  for (const Index inputs : {1, 5, 23}) {
    const Rows rows = mixed_rows(inputs);
    for (const Index inner : {1, 2, 67}) {
      for (const Index outer : {1, 3, 60}) {
        for (const bool weighted : {false, true}) {
          check<TestType>({outer, inputs, rows.outputs(), inner}, rows, weighted);
        }
      }
    }
  }
}

TEST_CASE("axis_map copies stretches across the pieces of several threads", "[kernels][axis_map]") {
  Rows rows;
  for (Index i = 5; i < 30000; ++i) rows.add({i});
  for (Index i = 0; i < 12; ++i) rows.add({i});
  check<float>({3, 30000, rows.outputs(), 1}, rows, false);
}

TEST_CASE("axis_map of nothing", "[kernels][axis_map]") {
  const Rows none;
  check<float>({2, 3, 0, 1}, none, false);
  Rows empty;
  empty.add({});
  check<float>({2, 0, 1, 1}, empty, false);
  check<float>({2, 0, 1, 3}, empty, true);
  check<float>({0, 0, 1, 1}, empty, false);
}
