#include "tenon/kernels/masked.hpp"

#include <memory>

#include "kernel_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

const kernels::MaskedDims cases[] = {{1, 1, 1},   {3, 7, 5}, {2, 9, 64}, {2, 5, 65}, {1, 4, 200},
                                     {4, 300, 1}, {0, 3, 2}, {2, 0, 3},  {2, 3, 0},  {33, 17, 31}};

/// True at about two of three steps, and at the first one of every sequence where wanted.
class Mask {
 public:
  Mask(const kernels::MaskedDims& d, bool never_empty)
      : values_(std::make_unique<bool[]>(count(d.n * d.l + 1))) {
    for (Index k = 0; k < d.n * d.l; ++k) {
      values_[count(k)] = detail::uniform_at<float>({3, 1}, static_cast<std::uint64_t>(k)) < 0.66F;
      if (never_empty && k % d.l == 0) values_[count(k)] = true;
    }
  }
  const bool* data() const { return values_.get(); }
  bool operator[](Index k) const { return values_[count(k)]; }

 private:
  std::unique_ptr<bool[]> values_;
};

template <class T>
std::vector<T> with_nan_in_padding(const kernels::MaskedDims& d, const Mask& mask) {
  auto x = normal<T>(d.n * d.l * d.d, 1);
  for (Index k = 0; k < d.n * d.l; ++k) {
    for (Index j = 0; j < d.d && !mask[k]; ++j) x[count(k * d.d + j)] = nan_v<T>;
  }
  return x;
}

}  // namespace

TEMPLATE_TEST_CASE("masked_sum adds up the real steps only", "[kernels][masked]", float, double) {
  using T = TestType;
  for (const auto& d : cases) {
    INFO(d.n << " x " << d.l << " x " << d.d);
    const Mask mask(d, false);
    const auto x = with_nan_in_padding<T>(d, mask);
    std::vector<T> y(count(d.n * d.d), nan_v<T>);
    std::vector<double> expected(y.size());
    for (Index n = 0; n < d.n; ++n) {
      for (Index l = 0; l < d.l; ++l) {
        for (Index j = 0; j < d.d && mask[n * d.l + l]; ++j) {
          expected[count(n * d.d + j)] += static_cast<double>(x[count((n * d.l + l) * d.d + j)]);
        }
      }
    }
    kernels::masked_sum(d, mask.data(), x.data(), y.data());
    CHECK(worst_ulps(y, expected) <= 0.5);
  }
}

TEMPLATE_TEST_CASE("masked_spread repeats at real steps and is zero elsewhere", "[kernels][masked]",
                   float, double) {
  using T = TestType;
  for (const auto& d : cases) {
    const Mask mask(d, false);
    const auto dy = normal<T>(d.n * d.d, 2);
    std::vector<T> dx(count(d.n * d.l * d.d), nan_v<T>), expected;
    for (Index k = 0; k < d.n * d.l; ++k) {
      for (Index j = 0; j < d.d; ++j) {
        expected.push_back(mask[k] ? dy[count(k / d.l * d.d + j)] : T(0));
      }
    }
    kernels::masked_spread(d, mask.data(), dy.data(), dx.data());
    CHECK(same_bits(dx, expected));
  }
}

TEMPLATE_TEST_CASE("masked_max takes the first largest real step, and a NaN before all",
                   "[kernels][masked]", float, double) {
  using T = TestType;
  for (const auto& d : cases) {
    if (d.l == 0) continue;
    const Mask mask(d, true);
    auto x = with_nan_in_padding<T>(d, mask);
    for (T& v : x) v = std::round(v * T(2));  // many ties
    for (std::size_t i = 5; i < x.size(); i += 41) x[i] = nan_v<T>;
    for (std::size_t i = 7; i < x.size(); i += 13) x[i] = -infinity_v<T>;
    std::vector<T> y(count(d.n * d.d), T(77));
    std::vector<Index> steps(y.size(), -1);
    kernels::masked_max(d, mask.data(), x.data(), y.data(), steps.data());
    for (Index n = 0; n < d.n; ++n) {
      for (Index j = 0; j < d.d; ++j) {
        Index best = -1;
        const auto value = [&](Index l) { return x[count((n * d.l + l) * d.d + j)]; };
        for (Index l = 0; l < d.l; ++l) {
          if (!mask[n * d.l + l] || (best >= 0 && std::isnan(value(best)))) continue;
          if (best < 0 || std::isnan(value(l)) || value(l) > value(best)) best = l;
        }
        CHECK(steps[count(n * d.d + j)] == best);
        CHECK(same_bits<T>({y[count(n * d.d + j)]}, {value(best)}));
      }
    }
  }
}

TEMPLATE_TEST_CASE("masked reductions have the same bits at any number of threads",
                   "[kernels][masked]", float, double) {
  using T = TestType;
  const kernels::MaskedDims d{9, 150, 130};
  const Mask mask(d, true);
  const auto x = normal<T>(d.n * d.l * d.d, 1);
  same_at_all_threads([&] {
    std::vector<T> y(count(d.n * d.d)), dx(x.size());
    std::vector<Index> steps(y.size());
    kernels::masked_max(d, mask.data(), x.data(), y.data(), steps.data());
    kernels::masked_spread(d, mask.data(), y.data(), dx.data());
    kernels::masked_sum(d, mask.data(), x.data(), y.data());
    dx.insert(dx.end(), y.begin(), y.end());
    return dx;
  });
}
