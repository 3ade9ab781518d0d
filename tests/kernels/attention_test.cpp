#include "tenon/kernels/attention.hpp"

#include "kernel_support.hpp"
#include "reference/attention.hpp"
#include "tenon/kernels/dropout.hpp"

using namespace tenon;
using namespace tenon::test;
using kernels::AttentionDims;
using kernels::AttentionStrides;

namespace {

struct Case {
  Index batch, heads, kv_heads, q_len, k_len, size, value_size;
  bool causal = false;
  Index query_offset = 0;
  double dropout = 0;
  bool lengths = false, keep = false, bias = false;
  bool steps_first =
      false;  ///< memory of (batch, steps, heads, size) instead of (.., heads, steps)
};

AttentionStrides strides(Index heads, Index steps, Index size, bool steps_first) {
  if (steps_first) return {heads * steps * size, size, heads * size};
  return {heads * steps * size, steps * size, size};
}

AttentionDims dims_of(const Case& c) {
  AttentionDims d{};
  d.batch = c.batch;
  d.heads = c.heads;
  d.kv_heads = c.kv_heads;
  d.q_len = c.q_len;
  d.k_len = c.k_len;
  d.size = c.size;
  d.value_size = c.value_size;
  d.q = strides(c.heads, c.q_len, c.size, c.steps_first);
  d.k = strides(c.kv_heads, c.k_len, c.size, c.steps_first);
  d.v = strides(c.kv_heads, c.k_len, c.value_size, c.steps_first);
  d.y = strides(c.heads, c.q_len, c.value_size, c.steps_first);
  d.scale = 1 / std::sqrt(static_cast<double>(c.size));
  d.causal = c.causal;
  d.query_offset = c.query_offset;
  d.dropout = c.dropout;
  d.key = {7, 5};
  return d;
}

Index at(const AttentionStrides& s, Index n, Index h, Index i) {
  return n * s.batch + h * s.head + i * s.step;
}

template <class T>
struct Results {
  std::vector<T> y, lse, dq, dk, dv;
};

template <class T>
struct Inputs {
  AttentionDims d;
  std::vector<T> q, k, v, dy, bias;
  std::vector<std::int64_t> lengths;
  std::unique_ptr<bool[]> keep;
  kernels::AttentionMask<T> mask;

  explicit Inputs(const Case& c)
      : d(dims_of(c)),
        q(normal<T>(c.batch * c.heads * c.q_len * c.size)),
        k(normal<T>(c.batch * c.kv_heads * c.k_len * c.size, 1)),
        v(normal<T>(c.batch * c.kv_heads * c.k_len * c.value_size, 2)),
        dy(normal<T>(c.batch * c.heads * c.q_len * c.value_size, 3)) {
    if (c.lengths) {
      for (Index n = 0; n < c.batch; ++n) lengths.push_back(n == 0 ? c.k_len / 2 : n - 1);
      mask.key_lengths = lengths.data();
    }
    if (c.keep) {  // broadcast over heads
      const Index n = c.batch * c.q_len * c.k_len;
      keep.reset(new bool[count(n)]);
      for (Index i = 0; i < n; ++i) keep[count(i)] = (i * 2654435761 >> 7) % 3 != 0;
      for (Index j = 0; j < c.k_len; ++j) keep[count(j)] = false;  // a query that sees nothing
      mask.keep = keep.get();
      mask.keep_strides = {c.q_len * c.k_len, 0, c.k_len};
    }
    if (c.bias) {  // broadcast over samples and queries
      bias = normal<T>(c.heads * c.k_len, 4);
      mask.bias = bias.data();
      mask.bias_strides = {0, c.k_len, 0};
    }
  }

  Results<T> run() const {
    Results<T> r{std::vector<T>(dy.size(), nan_v<T>),
                 std::vector<T>(count(d.batch * d.heads * d.q_len), nan_v<T>),
                 std::vector<T>(q.size(), nan_v<T>), std::vector<T>(k.size(), nan_v<T>),
                 std::vector<T>(v.size(), nan_v<T>)};
    kernels::attention_forward(d, mask, q.data(), k.data(), v.data(), r.y.data(), r.lse.data());
    kernels::attention_backward(d, mask, q.data(), k.data(), v.data(), r.y.data(), r.lse.data(),
                                dy.data(), r.dq.data(), r.dk.data(), r.dv.data());
    return r;
  }

  using Matrix = reference::Attention::Matrix;

  static Matrix rows(const std::vector<T>& x, const AttentionStrides& s, Index n, Index h,
                     Index steps, Index size) {
    Matrix m;
    for (Index i = 0; i < steps; ++i) {
      for (Index c = 0; c < size; ++c) m.push_back(x[count(at(s, n, h, i) + c)]);
    }
    return m;
  }

  reference::Attention expected(Index n, Index h) const {
    const Index g = h / (d.heads / d.kv_heads), even = (d.k_len + 1) / 2 * 2;
    Matrix added, factors;
    std::vector<T> dropped(count(d.batch * d.heads * d.q_len * even), T(1));
    if (d.dropout > 0) {
      kernels::dropout_mask(static_cast<Index>(dropped.size()), d.key, d.dropout, dropped.data());
    }
    for (Index i = 0; i < d.q_len; ++i) {
      for (Index j = 0; j < d.k_len; ++j) {
        const bool sees = (!d.causal || j <= i + d.query_offset) &&
                          (lengths.empty() || j < lengths[count(n)]) &&
                          (!keep || keep[count((n * d.q_len + i) * d.k_len + j)]);
        const long double b = bias.empty() ? 0 : bias[count(h * d.k_len + j)];
        added.push_back(sees ? b : -INFINITY);
        factors.push_back(dropped[count(((n * d.heads + h) * d.q_len + i) * even + j)]);
      }
    }
    return {d.q_len,
            d.k_len,
            d.size,
            d.value_size,
            static_cast<long double>(d.scale),
            rows(q, d.q, n, h, d.q_len, d.size),
            rows(k, d.k, n, g, d.k_len, d.size),
            rows(v, d.v, n, g, d.k_len, d.value_size),
            rows(dy, d.y, n, h, d.q_len, d.value_size),
            added,
            factors};
  }
};

/// The largest difference.
template <class T>
double distance(const std::vector<T>& x, const AttentionStrides& s, Index n, Index h, Index steps,
                Index size, const reference::Attention::Matrix& expected) {
  double worst = 0;
  for (Index i = 0; i < steps; ++i) {
    for (Index c = 0; c < size; ++c) {
      const long double off = x[count(at(s, n, h, i) + c)] - expected[count(i * size + c)];
      worst = larger(worst, static_cast<double>(std::abs(off)));
    }
  }
  return worst;
}

template <class T>
void check(const Case& c) {
  CAPTURE(c.batch, c.heads, c.kv_heads, c.q_len, c.k_len, c.size, c.value_size, c.causal,
          c.query_offset, c.dropout, c.lengths, c.keep, c.bias, c.steps_first);
  const Inputs<T> in(c);
  const AttentionDims& d = in.d;
  const Results<T> r = in.run();
  // Values are about 1, sums of gradients grow with the root of their terms.
  const double unit = static_cast<double>(std::numeric_limits<T>::epsilon());
  const double one = 16 * unit, sum = one * (4 + std::sqrt(static_cast<double>(d.q_len)));
  for (Index n = 0; n < d.batch; ++n) {
    std::vector<reference::Attention> heads;
    for (Index h = 0; h < d.heads; ++h) heads.push_back(in.expected(n, h));
    for (Index h = 0; h < d.heads; ++h) {
      const auto& e = heads[count(h)];
      CHECK(distance(r.y, d.y, n, h, d.q_len, d.value_size, e.y) <= one);
      CHECK(distance(r.dq, d.q, n, h, d.q_len, d.size, e.dq) <= 4 * one);
      for (Index i = 0; i < d.q_len; ++i) {
        const T lse = r.lse[count((n * d.heads + h) * d.q_len + i)];
        if (std::isinf(e.lse[count(i)])) {
          CHECK(lse == -infinity_v<T>);
        } else {
          CHECK(std::abs(lse - e.lse[count(i)]) <= one);
        }
      }
    }
    const Index group = d.heads / d.kv_heads;
    for (Index g = 0; g < d.kv_heads; ++g) {
      auto dk = heads[count(g * group)].dk, dv = heads[count(g * group)].dv;
      for (Index h = g * group + 1; h < (g + 1) * group; ++h) {
        for (std::size_t i = 0; i < dk.size(); ++i) dk[i] += heads[count(h)].dk[i];
        for (std::size_t i = 0; i < dv.size(); ++i) dv[i] += heads[count(h)].dv[i];
      }
      CHECK(distance(r.dk, d.k, n, g, d.k_len, d.size, dk) <= sum);
      CHECK(distance(r.dv, d.v, n, g, d.k_len, d.value_size, dv) <= sum);
    }
  }
}

std::vector<Case> cases() {
  return {
      {1, 1, 1, 1, 1, 1, 1},
      {2, 3, 3, 7, 7, 5, 5},
      {1, 2, 2, 5, 9, 8, 3},
      {2, 4, 2, 6, 11, 16, 16},
      {1, 6, 1, 3, 70, 4, 20},
      {2, 2, 2, 64, 64, 64, 64},
      {1, 1, 1, 65, 257, 33, 17},
      {1, 2, 1, 130, 300, 16, 16, true},
      {1, 1, 1, 90, 90, 64, 64, true},
      {1, 2, 2, 3, 600, 20, 64},           // dot products with the keys
      {2, 1, 1, 1, 513, 64, 64},           // a step of decoding
      {1, 2, 2, 4, 40, 12, 12, true, 36},  // several steps of decoding
      {1, 1, 1, 20, 9, 6, 6, true},        // queries behind the last key
      {1, 1, 1, 9, 20, 6, 6, true, -4},    // queries that see nothing yet
      {3, 2, 2, 12, 40, 16, 16, false, 0, 0, true},
      {2, 2, 2, 33, 40, 16, 16, false, 0, 0, false, true},
      {2, 2, 2, 33, 300, 16, 16, false, 0, 0, false, false, true},
      {3, 4, 2, 70, 270, 24, 40, true, 200, 0, true, true, true},
      {2, 2, 2, 20, 21, 16, 16, false, 0, 0.3},
      {1, 4, 2, 70, 301, 32, 32, true, 240, 0.5, false, true, true},
      {2, 3, 3, 40, 40, 32, 32, false, 0, 0, false, false, false, true},
      {2, 4, 2, 70, 270, 24, 24, true, 200, 0.1, true, true, true, true},
      {1, 1, 1, 5, 0, 4, 4},
      {1, 1, 1, 0, 5, 4, 4},
      {0, 2, 1, 5, 5, 4, 4},
  };
}

}  // namespace

TEMPLATE_TEST_CASE("attention and its gradients agree with long double", "[kernels][attention]",
                   float, double) {
  for (const Case& c : cases()) check<TestType>(c);
}

TEST_CASE("attention has the same bits at any number of threads", "[kernels][attention]") {
  for (const Case& c : {Case{3, 4, 2, 130, 300, 16, 16, true, 100}, Case{1, 1, 1, 700, 300, 8, 8},
                        Case{5, 2, 2, 3, 90, 16, 16}}) {
    const Inputs<float> in(c);
    same_at_all_threads([&] {
      const auto r = in.run();
      std::vector<float> values = r.y;
      for (const auto* part : {&r.lse, &r.dq, &r.dk, &r.dv}) {
        values.insert(values.end(), part->begin(), part->end());
      }
      return values;
    });
  }
}

TEST_CASE("attention of a query does not depend on what else is in the batch",
          "[kernels][attention]") {
  const Case c{4, 2, 2, 20, 30, 16, 16};
  Case alone = c;
  alone.batch = 1;
  const Inputs<float> in(c), first(alone);
  const auto together = in.run(), single = first.run();
  CHECK(std::equal(single.y.begin(), single.y.end(), together.y.begin()));
}

TEMPLATE_TEST_CASE("attention of large scores neither overflows nor loses the largest",
                   "[kernels][attention]", float, double) {
  using T = TestType;
  Inputs<T> in(Case{1, 1, 1, 3, 40, 4, 4});
  for (T& x : in.q) x *= T(1000);
  const auto r = in.run();
  for (T y : r.y) CHECK(std::isfinite(y));
  for (T x : r.dk) CHECK(std::isfinite(x));
}

TEMPLATE_TEST_CASE("attention passes NaN on to the queries that see it", "[kernels][attention]",
                   float, double) {
  using T = TestType;
  Inputs<T> in(Case{1, 1, 1, 6, 6, 4, 4, true});
  in.q[count(5 * 4)] = nan_v<T>;
  const auto r = in.run();
  for (Index i = 0; i < 6; ++i) CHECK(std::isnan(r.y[count(i * 4)]) == (i == 5));

  Inputs<T> padded(Case{1, 1, 1, 6, 6, 4, 4, false, 0, 0, true});
  for (std::size_t i = 3 * 4; i < 6 * 4; ++i) padded.k[i] = padded.v[i] = nan_v<T>;
  for (T y : padded.run().y) CHECK(std::isfinite(y));  // behind the key length of 3
}

TEST_CASE("attention computes only the gradients that it is asked for", "[kernels][attention]") {
  const Inputs<float> in(Case{2, 2, 1, 20, 30, 16, 16});
  const auto r = in.run();
  std::vector<float> dq(r.dq.size()), dk(r.dk.size()), dv(r.dv.size());
  const auto run = [&](float* q, float* k, float* v) {
    kernels::attention_backward(in.d, in.mask, in.q.data(), in.k.data(), in.v.data(), r.y.data(),
                                r.lse.data(), in.dy.data(), q, k, v);
  };
  run(dq.data(), nullptr, nullptr);
  run(nullptr, dk.data(), nullptr);
  run(nullptr, nullptr, dv.data());
  CHECK(dq == r.dq);
  CHECK(dk == r.dk);
  CHECK(dv == r.dv);
}
