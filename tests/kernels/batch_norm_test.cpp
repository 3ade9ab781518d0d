#include "tenon/kernels/batch_norm.hpp"

#include "norm_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

/// Planes and columns; tails of every kind; few channels of many numbers, in planes and in pieces
/// of planes; more columns than a tile, more rows than a band.
std::vector<kernels::BatchNormDims> cases() {
  return {{2, 1, 1, 1e-5},     {2, 3, 5, 1e-5},     {7, 5, 1, 1e-5},      {33, 70, 1, 1e-5},
          {3, 131, 1, 1e-5},   {5, 9, 15, 1e-5},    {1, 3, 2, 1e-5},      {2600, 3, 1, 1e-5},
          {1, 1, 16, 1e-5},    {4, 3, 16, 1e-5},    {3, 2, 49, 1e-5},     {2, 20, 100, 1e-5},
          {3, 18, 1030, 1e-5}, {40, 2, 5000, 1e-5}, {1, 2, 140000, 1e-5}, {2, 1, 65536, 1e-5}};
}

Index size(const kernels::BatchNormDims& d) { return d.n * d.c * d.inner; }

template <class T>
struct Results {
  std::vector<T> y, dx, dw, db;
  std::vector<double> mean, variance;
};

template <class T>
struct Inputs {
  std::vector<T> x, w, b, dy;

  explicit Inputs(const kernels::BatchNormDims& d)
      : x(normal<T>(size(d))),
        w(normal<T>(d.c, 1)),
        b(normal<T>(d.c, 2)),
        dy(normal<T>(size(d), 3)) {}

  Results<T> run(const kernels::BatchNormDims& d, bool affine = true) const {
    Results<T> r;
    for (auto* v : {&r.y, &r.dx}) v->resize(x.size());
    for (auto* v : {&r.dw, &r.db}) v->resize(count(d.c));
    for (auto* v : {&r.mean, &r.variance}) v->resize(count(d.c));
    const T *weight = affine ? w.data() : nullptr, *bias = affine ? b.data() : nullptr;
    kernels::batch_norm_training(d, x.data(), weight, bias, r.y.data(), r.mean.data(),
                                 r.variance.data());
    kernels::batch_norm_backward(d, true, dy.data(), x.data(), weight, r.mean.data(),
                                 r.variance.data(), r.dx.data(), r.dw.data(), r.db.data());
    return r;
  }

  reference::Norm expected(const kernels::BatchNormDims& d, bool affine = true) const {
    std::vector<reference::NormGroup> channels(count(d.c));
    for (Index k = 0; k < size(d); ++k) {
      const Index channel = k / d.inner % d.c;
      channels[count(channel)].at.push_back(k);
      channels[count(channel)].parameter.push_back(channel);
    }
    return {channels,
            count(d.c),
            d.eps,
            true,
            x,
            affine ? w.data() : nullptr,
            affine ? b.data() : nullptr,
            dy};
  }
};

std::string text_of(const kernels::BatchNormDims& d) {
  return std::to_string(d.n) + " x " + std::to_string(d.c) + " x " + std::to_string(d.inner);
}

}  // namespace

TEMPLATE_TEST_CASE("batch_norm and its gradients agree with long double", "[kernels][batch_norm]",
                   float, double) {
  for (const auto& d : cases()) {
    for (const bool affine : {true, false}) {
      INFO(text_of(d) << " affine " << affine);
      const Inputs<TestType> in(d);
      const auto r = in.run(d, affine);
      const auto e = in.expected(d, affine);
      CHECK(worst_error(r.y, e.y) <= units_allowed<TestType>);
      CHECK(worst_error(r.dx, e.dx) <= units_allowed<TestType>);
      CHECK(worst_error(r.dw, e.dw) <= units_allowed<TestType>);
      CHECK(worst_error(r.db, e.db) <= units_allowed<TestType>);
      check_statistics<TestType>(e, r.mean, r.variance);
    }
  }
}

TEST_CASE("batch_norm keeps its digits where channels are hard", "[kernels][batch_norm]") {
  for (const kernels::BatchNormDims& d :
       {kernels::BatchNormDims{10, 4, 70, 1e-5}, {500, 4, 1, 1e-5}}) {
    INFO(text_of(d));
    Inputs<float> in(d);
    for (Index k = 0; k < size(d); ++k) {
      float& x = in.x[count(k)];
      const Index channel = k / d.inner % d.c;
      if (channel == 0) x += 3e4f;                              // far from 0
      if (channel == 1) x = k == d.inner ? 1e6f : 1.1f;         // the first one an outlier
      if (channel == 2) x = 0.1f;                               // no variance
      if (channel == 3) x = in.dy[count(k)] > 0 ? 7.0f : 7.5f;  // only two values
    }
    const auto r = in.run(d);
    const auto e = in.expected(d);
    CHECK(worst_error(r.y, e.y) <= units_allowed<float>);
    CHECK(worst_error(r.dx, e.dx) <= units_allowed<float>);
    CHECK(worst_error(r.dw, e.dw) <= units_allowed<float>);
    CHECK(r.variance[2] == 0);
    CHECK(r.mean[2] == static_cast<double>(0.1f));
  }
}

TEMPLATE_TEST_CASE("batch_norm of huge and invalid channels", "[kernels][batch_norm]", float,
                   double) {
  using T = TestType;
  for (const kernels::BatchNormDims& d :
       {kernels::BatchNormDims{3, 3, 20, 1e-5}, {60, 3, 1, 1e-5}}) {
    INFO(text_of(d));
    Inputs<T> in(d);
    for (Index k = 0; k < size(d); ++k) {
      if (k / d.inner % d.c == 0) in.x[count(k)] *= T(1e25);
    }
    in.x[count(d.inner)] = nan_v<T>;
    in.x[count(2 * d.inner)] = infinity_v<T>;
    const auto r = in.run(d);
    const auto e = in.expected(d);
    for (Index k = 0; k < size(d); ++k) {
      if (k / d.inner % d.c == 0) {
        CHECK(static_cast<double>(r.y[count(k)]) ==
              Approx(static_cast<double>(e.y.value[count(k)])).epsilon(1e-5).margin(1e-6));
      } else {
        CHECK(std::isnan(r.y[count(k)]));
      }
    }
  }
}

TEMPLATE_TEST_CASE("batch_norm normalises by given statistics", "[kernels][batch_norm]", float,
                   double) {
  using T = TestType;
  for (const auto& d : cases()) {
    INFO(text_of(d));
    const Inputs<T> in(d);
    const auto mean = normal<double>(d.c, 5);
    auto variance = normal<double>(d.c, 6);
    for (double& v : variance) v = v * v + 0.1;
    std::vector<T> y(in.x.size()), dx(in.x.size()), dw(count(d.c)), db(count(d.c));
    kernels::batch_norm_inference(d, in.x.data(), in.w.data(), in.b.data(), mean.data(),
                                  variance.data(), y.data());
    kernels::batch_norm_backward(d, false, in.dy.data(), in.x.data(), in.w.data(), mean.data(),
                                 variance.data(), dx.data(), dw.data(), db.data());
    reference::Measured y_expected(y.size()), dx_expected(y.size()), dw_expected(dw.size()),
        db_expected(db.size());
    for (std::size_t k = 0; k < y.size(); ++k) {
      const std::size_t channel = count(static_cast<Index>(k) / d.inner % d.c);
      const long double rstd = 1 / std::sqrt(static_cast<long double>(variance[channel] + d.eps));
      const long double x = in.x[k], w = in.w[channel], dy = in.dy[k];
      for (const long double term : {x, -static_cast<long double>(mean[channel])}) {
        y_expected.add(k, w * rstd * term);
        dw_expected.add(channel, dy * rstd * term);
      }
      y_expected.add(k, in.b[channel]);
      dx_expected.add(k, w * rstd * dy);
      db_expected.add(channel, dy);
    }
    CHECK(worst_error(y, y_expected) <= 2);
    CHECK(worst_error(dx, dx_expected) <= 2);
    CHECK(worst_error(dw, dw_expected) <= 2);
    CHECK(worst_error(db, db_expected) <= 2);
  }
}

TEMPLATE_TEST_CASE("what batch_norm's evaluation passes back does not depend on x",
                   "[kernels][batch_norm]", float, double) {
  using T = TestType;
  for (const Index inner : {1, 20}) {
    const kernels::BatchNormDims d{2, 2, inner, 0};
    const std::vector<T> x(count(size(d)), infinity_v<T>), dy(x.size(), T(3));
    std::vector<T> dx(x.size());
    const std::vector<double> mean{0, 1}, variance{4, 1};
    kernels::batch_norm_backward<T>(d, false, dy.data(), x.data(), nullptr, mean.data(),
                                    variance.data(), dx.data(), nullptr, nullptr);
    for (Index k = 0; k < size(d); ++k) CHECK(dx[count(k)] == (k / inner % 2 == 0 ? T(1.5) : T(3)));
  }
}

TEMPLATE_TEST_CASE("batch_norm works in place and computes only what it is asked for",
                   "[kernels][batch_norm]", float, double) {
  using T = TestType;
  for (const kernels::BatchNormDims& d : {kernels::BatchNormDims{4, 20, 33, 1e-5},
                                          {30, 20, 3, 1e-5},
                                          {0, 3, 4, 1e-5},
                                          {2, 3, 0, 1e-5}}) {
    INFO(text_of(d));
    const Inputs<T> in(d);
    const auto all = in.run(d);
    auto y = in.x;
    auto r = all;
    kernels::batch_norm_training(d, y.data(), in.w.data(), in.b.data(), y.data(), r.mean.data(),
                                 r.variance.data());
    CHECK(same_bits(y, all.y));
    for (const bool of_batch : {true, false}) {
      const auto part = [&](T* dx, T* dw, T* db) {
        kernels::batch_norm_backward(d, of_batch, in.dy.data(), in.x.data(), in.w.data(),
                                     all.mean.data(), all.variance.data(), dx, dw, db);
      };
      auto all_parts = all;
      part(all_parts.dx.data(), all_parts.dw.data(), all_parts.db.data());
      for (auto* v : {&r.dx, &r.dw, &r.db}) std::fill(v->begin(), v->end(), T(77));
      part(r.dx.data(), nullptr, nullptr);
      CHECK(same_bits(r.dx, all_parts.dx));
      CHECK(r.dw == std::vector<T>(count(d.c), T(77)));
      part(nullptr, r.dw.data(), nullptr);
      CHECK(same_bits(r.dw, all_parts.dw));
      CHECK(r.db == std::vector<T>(count(d.c), T(77)));
      part(nullptr, nullptr, r.db.data());
      CHECK(same_bits(r.db, all_parts.db));
      if (size(d) == 0) CHECK(r.dw == std::vector<T>(count(d.c), T(0)));
    }
  }
}

TEMPLATE_TEST_CASE("batch_norm gives the same bits at any number of threads",
                   "[kernels][batch_norm]", float, double) {
  using T = TestType;
  for (const kernels::BatchNormDims& d : {kernels::BatchNormDims{8, 40, 300, 1e-5},
                                          {40, 3, 5000, 1e-5},
                                          {1, 2, 140000, 1e-5},
                                          {3000, 70, 1, 1e-5},
                                          {400, 30, 7, 1e-5}}) {
    INFO(text_of(d));
    const Inputs<T> in(d);
    same_at_all_threads([&] { return in.run(d).y; });
    same_at_all_threads([&] { return in.run(d).dx; });
    same_at_all_threads([&] { return in.run(d).dw; });
    const auto r = in.run(d);
    same_at_all_threads([&] {
      std::vector<T> y(in.x.size());
      kernels::batch_norm_inference(d, in.x.data(), in.w.data(), in.b.data(), r.mean.data(),
                                    r.variance.data(), y.data());
      return y;
    });
  }
}
