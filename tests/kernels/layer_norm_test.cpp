#include "tenon/kernels/layer_norm.hpp"

#include "norm_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

/// Tails of every kind, rows longer than a stretch of sums, more rows than a block and a chunk.
std::vector<kernels::LayerNormDims> cases() {
  std::vector<kernels::LayerNormDims> list;
  for (const auto& [rows, n] : {std::pair<Index, Index>{1, 1},
                                {3, 5},
                                {2, 16},
                                {7, 17},
                                {1, 1000},
                                {9, 200},
                                {33, 37},
                                {0, 5},
                                {4, 0},
                                {3, 2500},
                                {2, 9000},
                                {300, 3},
                                {70, 64},
                                {1, 2}}) {
    list.push_back({rows, n, 1e-5, true});
    list.push_back({rows, n, 1e-5, false});
  }
  return list;
}

Index size(const kernels::LayerNormDims& d) { return d.rows * d.n; }

template <class T>
struct Results {
  std::vector<T> y, dx, dw, db;
  std::vector<double> mean, rstd;
};

template <class T>
struct Inputs {
  std::vector<T> x, w, b, dy;

  explicit Inputs(const kernels::LayerNormDims& d)
      : x(normal<T>(size(d))),
        w(normal<T>(d.n, 1)),
        b(normal<T>(d.n, 2)),
        dy(normal<T>(size(d), 3)) {}

  Results<T> run(const kernels::LayerNormDims& d, bool affine = true) const {
    Results<T> r;
    for (auto* v : {&r.y, &r.dx}) v->resize(count(size(d)));
    for (auto* v : {&r.dw, &r.db}) v->resize(count(d.n));
    for (auto* v : {&r.mean, &r.rstd}) v->resize(count(d.rows));
    kernels::layer_norm_forward(d, x.data(), affine ? w.data() : nullptr,
                                affine ? b.data() : nullptr, r.y.data(), r.mean.data(),
                                r.rstd.data());
    kernels::layer_norm_backward(d, dy.data(), x.data(), affine ? w.data() : nullptr, r.mean.data(),
                                 r.rstd.data(), r.dx.data(), r.dw.data(), r.db.data());
    return r;
  }

  reference::Norm expected(const kernels::LayerNormDims& d, bool affine = true) const {
    std::vector<reference::NormGroup> rows(count(d.n == 0 ? 0 : d.rows));
    for (Index k = 0; k < size(d); ++k) {
      rows[count(k / d.n)].at.push_back(k);
      rows[count(k / d.n)].parameter.push_back(k % d.n);
    }
    return {rows,
            count(d.n),
            d.eps,
            d.center,
            x,
            affine ? w.data() : nullptr,
            affine ? b.data() : nullptr,
            dy};
  }
};

}  // namespace

TEMPLATE_TEST_CASE("layer_norm and its gradients agree with long double", "[kernels][layer_norm]",
                   float, double) {
  for (const auto& d : cases()) {
    for (const bool affine : {true, false}) {
      INFO("rows " << d.rows << " n " << d.n << " center " << d.center << " affine " << affine);
      const Inputs<TestType> in(d);
      const auto r = in.run(d, affine);
      const auto e = in.expected(d, affine);
      // Each result is a handful of operations on sums that are nearly exact.
      CHECK(worst_error(r.y, e.y) <= units_allowed<TestType>);
      CHECK(worst_error(r.dx, e.dx) <= units_allowed<TestType>);
      CHECK(worst_error(r.dw, e.dw) <= units_allowed<TestType>);
      CHECK(worst_error(r.db, e.db) <= units_allowed<TestType>);
      if (d.n == 0) continue;
      std::vector<double> variance;
      for (double rstd : r.rstd) variance.push_back(1 / (rstd * rstd) - d.eps);
      check_statistics<TestType>(e, r.mean, variance);
    }
  }
}

TEST_CASE("layer_norm keeps its digits where rows are hard", "[kernels][layer_norm]") {
  const kernels::LayerNormDims d{4, 700, 1e-5, true};
  Inputs<float> in(d);
  for (Index i = 0; i < d.n; ++i) {
    in.x[count(i)] += 3e4f;                               // far from 0
    in.x[count(d.n + i)] = i == 0 ? 1e6f : 1.1f;          // the first one an outlier among equals
    in.x[count(2 * d.n + i)] *= i == 3 ? 1e5f : 1.0f;     // another one
    in.x[count(3 * d.n + i)] = i % 2 == 0 ? 7.0f : 7.5f;  // only two values
  }
  const auto r = in.run(d);
  const auto e = in.expected(d);
  // A mean of 3e4 rounded to float would cost ten binary digits.
  CHECK(worst_error(r.y, e.y) <= units_allowed<float>);
  CHECK(worst_error(r.dx, e.dx) <= units_allowed<float>);
  CHECK(worst_error(r.dw, e.dw) <= units_allowed<float>);
}

TEMPLATE_TEST_CASE("layer_norm of constant, huge and invalid rows", "[kernels][layer_norm]", float,
                   double) {
  using T = TestType;
  const kernels::LayerNormDims d{4, 33, 1e-5, true};
  Inputs<T> in(d);
  for (Index i = 0; i < d.n; ++i) {
    in.x[count(i)] = T(0.1);
    in.x[count(d.n + i)] *= T(1e25);  // whose square overflows in float
    if (i == 5) in.x[count(2 * d.n + i)] = nan_v<T>;
    if (i == 0) in.x[count(3 * d.n + i)] = infinity_v<T>;
  }
  std::fill(in.w.begin(), in.w.end(), T(2));
  const auto r = in.run(d);
  const auto e = in.expected(d);
  for (Index i = 0; i < d.n; ++i) {
    CHECK(r.y[count(i)] == in.b[count(i)]);
    CHECK(static_cast<double>(r.y[count(d.n + i)]) ==
          Approx(static_cast<double>(e.y.value[count(d.n + i)])).epsilon(1e-5).margin(1e-6));
    CHECK(std::isnan(r.y[count(2 * d.n + i)]));
    CHECK(std::isnan(r.y[count(3 * d.n + i)]));
  }
}

TEMPLATE_TEST_CASE("layer_norm of one number is the bias, exactly", "[kernels][layer_norm]", float,
                   double) {
  using T = TestType;
  const kernels::LayerNormDims d{37, 1, 1e-5, true};
  const Inputs<T> in(d);
  const auto r = in.run(d);
  for (Index i = 0; i < d.rows; ++i) {
    CHECK(r.y[count(i)] == in.b[0]);
    CHECK(r.dx[count(i)] == 0);
  }
  CHECK(r.dw[0] == 0);
}

TEMPLATE_TEST_CASE("layer_norm works in place and computes only what it is asked for",
                   "[kernels][layer_norm]", float, double) {
  using T = TestType;
  for (const kernels::LayerNormDims& d :
       {kernels::LayerNormDims{35, 130, 1e-5, true}, {5, 5000, 1e-5, true}}) {
    const Inputs<T> in(d);
    const auto all = in.run(d);
    auto y = in.x;
    auto r = all;
    kernels::layer_norm_forward(d, y.data(), in.w.data(), in.b.data(), y.data(), r.mean.data(),
                                r.rstd.data());
    CHECK(same_bits(y, all.y));
    const auto part = [&](T* dx, T* dw, T* db) {
      kernels::layer_norm_backward(d, in.dy.data(), in.x.data(), in.w.data(), all.mean.data(),
                                   all.rstd.data(), dx, dw, db);
    };
    for (auto* v : {&r.dx, &r.dw, &r.db}) std::fill(v->begin(), v->end(), T(77));
    part(r.dx.data(), nullptr, nullptr);
    CHECK(same_bits(r.dx, all.dx));
    CHECK(r.dw == std::vector<T>(count(d.n), T(77)));
    part(nullptr, r.dw.data(), nullptr);
    CHECK(same_bits(r.dw, all.dw));
    CHECK(r.db == std::vector<T>(count(d.n), T(77)));
    part(nullptr, nullptr, r.db.data());
    CHECK(same_bits(r.db, all.db));
  }
}

TEMPLATE_TEST_CASE(
    "layer_norm gives the same bits at any number of threads, with one parameter too",
    "[kernels][layer_norm]", float, double) {
  using T = TestType;
  for (const kernels::LayerNormDims& d :
       {kernels::LayerNormDims{600, 70, 1e-5, true}, {50, 1500, 1e-5, false}}) {
    const Inputs<T> in(d);
    same_at_all_threads([&] { return in.run(d).y; });
    same_at_all_threads([&] { return in.run(d).dx; });
    same_at_all_threads([&] { return in.run(d).dw; });
    same_at_all_threads([&] { return in.run(d).db; });

    std::vector<T> only_w(in.x.size()), only_b(in.x.size()), zeros(in.b.size()),
        ones(in.w.size(), T(1));
    std::vector<T> expected(in.x.size());
    std::vector<double> mean(count(d.rows)), rstd(count(d.rows));
    const auto forward = [&](const T* w, const T* b, std::vector<T>& y) {
      kernels::layer_norm_forward(d, in.x.data(), w, b, y.data(), mean.data(), rstd.data());
    };
    forward(in.w.data(), nullptr, only_w);
    forward(in.w.data(), zeros.data(), expected);
    CHECK(only_w == expected);
    forward(nullptr, in.b.data(), only_b);
    forward(ones.data(), in.b.data(), expected);
    CHECK(same_bits(only_b, expected));
  }
}
