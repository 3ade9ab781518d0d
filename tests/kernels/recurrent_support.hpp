#pragma once

// What the tests of rnn, lstm and gru share: a layer's operands as plain vectors, the kernels'
// runs, and the same layer written down in scalars that differentiate themselves.

#include <algorithm>
#include <string>
#include <vector>

#include "kernel_support.hpp"
#include "reference/scalar_tape.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/kernels/recurrent.hpp"

namespace tenon::test {

using reference::Scalar;

/// One layer's sizes.
struct Sizes {
  Index n, l, d, s;
  Index directions = 1;
  Index projected = 0;  ///< 0: not
  bool bias = true, states = true;
  std::vector<Index> lengths = {};
  bool steps_first = false;  ///< x, y and their gradients are (L, N, ...)

  Index outputs() const { return projected == 0 ? s : projected; }
  std::string text() const {
    std::string lens;
    for (const Index length : lengths) lens += " " + std::to_string(length);
    return "N " + std::to_string(n) + " L " + std::to_string(l) + " D " + std::to_string(d) +
           " S " + std::to_string(s) + " directions " + std::to_string(directions) + " projected " +
           std::to_string(projected) + " bias " + std::to_string(bias) + " states " +
           std::to_string(states) + " lengths" + lens;
  }
};

/// One kind of network: how the kernels compute it, and what a step of it is.
template <class T>
struct Kind {
  Index gates;
  bool has_c;
  Index (*saved_size)(const kernels::RecurrentDims&);
  void (*forward)(const kernels::RecurrentDims&, const kernels::RecurrentForward<T>&);
  void (*backward)(const kernels::RecurrentDims&, const kernels::RecurrentForward<T>&,
                   const kernels::RecurrentBackward<T>&);
  /// a, b: a unit's sums of x and of h; h, c: before, then after.
  void (*step)(const std::vector<Scalar>& a, const std::vector<Scalar>& b, Scalar& h, Scalar& c);
};

/// All operands, and what the loss multiplies the results by.
template <class T>
struct Layer {
  Layer(const Kind<T>& of, const Sizes& sizes) : kind(of), z(sizes) {
    const Index rows = kind.gates * z.s;
    std::uint64_t stream = 0;
    const auto numbers = [&](Index count, double scale) {
      auto values = normal<T>(count, ++stream);
      for (T& v : values) v = static_cast<T>(static_cast<double>(v) * scale);
      return values;
    };
    const double scale = 1 / std::sqrt(static_cast<double>(z.s));
    x = numbers(z.n * z.l * z.d, 1);
    for (Index k = 0; k < z.directions; ++k) {
      weights.push_back({numbers(rows * z.d, 0.5), numbers(rows * z.outputs(), scale),
                         numbers(z.bias ? rows : 0, 0.5), numbers(z.bias ? rows : 0, 0.5),
                         numbers(z.projected * z.s, scale)});
    }
    h0 = numbers(z.states ? z.directions * z.n * z.outputs() : 0, 0.5);
    c0 = numbers(z.states && kind.has_c ? z.directions * z.n * z.s : 0, 0.5);
    dy = numbers(z.n * z.l * z.directions * z.outputs(), 1);
    dhn = numbers(z.directions * z.n * z.outputs(), 1);
    dcn = numbers(kind.has_c ? z.directions * z.n * z.s : 0, 1);
  }

  kernels::RecurrentDims dims() const {
    kernels::RecurrentDims d{};
    d.n = z.n;
    d.l = z.l;
    d.d = z.d;
    d.s = z.s;
    d.outputs = z.outputs();
    d.directions = z.directions;
    const Index width = z.directions * z.outputs();
    d.x_row = d.dx_row = z.steps_first ? z.d : z.l * z.d;
    d.x_step = d.dx_step = z.steps_first ? z.n * z.d : z.d;
    d.y_row = z.steps_first ? width : z.l * width;
    d.y_step = z.steps_first ? z.n * width : width;
    d.lengths = z.lengths.empty() ? nullptr : z.lengths.data();
    return d;
  }
  Index length(Index n) const { return z.lengths.empty() ? z.l : z.lengths[count(n)]; }

  const Kind<T>& kind;
  Sizes z;
  using Values = std::vector<T>;
  struct Weights {
    Values w_ih, w_hh, b_ih, b_hh, w_hr;
  };
  Values x, h0, c0, dy, dhn, dcn;
  std::vector<Weights> weights;
};

/// Results and gradients, each one array; those of the weights for both directions.
template <class T>
struct Results {
  std::vector<T> y, hn, cn, dx, dh0, dc0, dw_ih, dw_hh, db_ih, db_hh, dw_hr;

  std::vector<T> all() const {
    std::vector<T> values;
    for (const auto* part :
         {&y, &hn, &cn, &dx, &dh0, &dc0, &dw_ih, &dw_hh, &db_ih, &db_hh, &dw_hr}) {
      values.insert(values.end(), part->begin(), part->end());
    }
    return values;
  }
};

template <class T>
T* data_or_null(std::vector<T>& x) {
  return x.empty() ? nullptr : x.data();
}
template <class T>
const T* data_or_null(const std::vector<T>& x) {
  return x.empty() ? nullptr : x.data();
}

/// Operands of the backward pass that may be null.
enum Optional : unsigned {
  no_dy = 1,
  no_dhn = 2,
  no_dcn = 4,
  no_dx = 8,
  no_dh0 = 16,
  no_dc0 = 32,
  no_dw_ih = 64,
  no_dw_hh = 128,
  no_db_ih = 256,
  no_db_hh = 512,
  no_dw_hr = 1024
};

/// What the kernels make of a layer. Results start as NaN, so that what is not written shows.
template <class T>
Results<T> run(const Layer<T>& layer, bool saves = true, unsigned without = 0) {
  const Sizes& z = layer.z;
  const auto dims = layer.dims();
  const T nan = nan_v<T>;
  const Index rows = layer.kind.gates * z.s;
  Results<T> r;
  r.y.assign(layer.dy.size(), nan);
  r.hn.assign(layer.dhn.size(), nan);
  r.cn.assign(layer.dcn.size(), nan);
  // Saved values want a cache line to start on.
  detail::Scratch<T> saved(layer.kind.saved_size(dims));
  kernels::RecurrentForward<T> of;
  of.x = data_or_null(layer.x);
  for (std::size_t k = 0; k < layer.weights.size(); ++k) {
    const auto& w = layer.weights[k];
    of.weights[k] = {w.w_ih.data(), w.w_hh.data(), data_or_null(w.b_ih), data_or_null(w.b_hh),
                     data_or_null(w.w_hr)};
  }
  of.h0 = data_or_null(layer.h0);
  of.c0 = data_or_null(layer.c0);
  of.y = data_or_null(r.y);
  of.hn = data_or_null(r.hn);
  of.cn = data_or_null(r.cn);
  of.saved = saves ? saved.data() : nullptr;
  layer.kind.forward(dims, of);
  if (!saves) return r;

  r.dx.assign(layer.x.size(), nan);
  r.dh0.assign(layer.dhn.size(), nan);
  r.dc0.assign(layer.dcn.size(), nan);
  r.dw_ih.assign(count(z.directions * rows * z.d), nan);
  r.dw_hh.assign(count(z.directions * rows * z.outputs()), nan);
  r.db_ih.assign(count(z.bias ? z.directions * rows : 0), nan);
  r.db_hh = r.db_ih;
  r.dw_hr.assign(count(z.directions * z.projected * z.s), nan);
  const auto unless = [without](unsigned bit, auto* p) {
    return (without & bit) != 0 ? nullptr : p;
  };
  kernels::RecurrentBackward<T> g;
  g.dy = unless(no_dy, data_or_null(layer.dy));
  g.dy_row = dims.y_row;
  g.dy_step = dims.y_step;
  g.dhn = unless(no_dhn, data_or_null(layer.dhn));
  g.dcn = unless(no_dcn, data_or_null(layer.dcn));
  g.dx = unless(no_dx, data_or_null(r.dx));
  g.dh0 = unless(no_dh0, data_or_null(r.dh0));
  g.dc0 = unless(no_dc0, data_or_null(r.dc0));
  const auto of_direction = [&](unsigned bit, std::vector<T>& all, std::size_t k) -> T* {
    if (all.empty()) return nullptr;
    return unless(bit, all.data() + k * all.size() / layer.weights.size());
  };
  for (std::size_t k = 0; k < layer.weights.size(); ++k) {
    g.weights[k] = {of_direction(no_dw_ih, r.dw_ih, k), of_direction(no_dw_hh, r.dw_hh, k),
                    of_direction(no_db_ih, r.db_ih, k), of_direction(no_db_hh, r.db_hh, k),
                    of_direction(no_dw_hr, r.dw_hr, k)};
  }
  layer.kind.backward(dims, of, g);
  return r;
}

/// The same in scalars of double.
template <class T>
class ScalarLayer {
 public:
  explicit ScalarLayer(const Layer<T>& layer) : layer_(layer), z_(layer.z) {
    x_ = variables(layer.x);
    h0_ = variables(layer.h0);
    c0_ = variables(layer.c0);
    for (const auto& w : layer.weights) {
      weights_.push_back({variables(w.w_ih), variables(w.w_hh), variables(w.b_ih),
                          variables(w.b_hh), variables(w.w_hr)});
    }
  }

  Results<double> run() {
    y_.assign(layer_.dy.size(), Scalar());
    hn_.assign(layer_.dhn.size(), Scalar());
    cn_.assign(layer_.dcn.size(), Scalar());
    for (Index k = 0; k < z_.directions; ++k) {
      for (Index n = 0; n < z_.n; ++n) run_sequence(k, n);
    }
    Scalar loss;
    for (const auto& [results, by] :
         {std::pair(&y_, &layer_.dy), {&hn_, &layer_.dhn}, {&cn_, &layer_.dcn}}) {
      for (std::size_t i = 0; i < results->size(); ++i) {
        loss = loss + (*results)[i] * Scalar(static_cast<double>((*by)[i]));
      }
    }
    const Scalar::Gradients g(loss);
    Results<double> r;
    r.y = values(y_);
    r.hn = values(hn_);
    r.cn = values(cn_);
    r.dx = gradients(g, x_);
    r.dh0 = gradients(g, h0_);
    r.dc0 = gradients(g, c0_);
    for (const Weights& w : weights_) {
      for (const auto& [to, of] : {std::pair(&r.dw_ih, &w.w_ih),
                                   {&r.dw_hh, &w.w_hh},
                                   {&r.db_ih, &w.b_ih},
                                   {&r.db_hh, &w.b_hh},
                                   {&r.dw_hr, &w.w_hr}}) {
        const auto part = gradients(g, *of);
        to->insert(to->end(), part.begin(), part.end());
      }
    }
    return r;
  }

 private:
  using Scalars = std::vector<Scalar>;
  struct Weights {
    Scalars w_ih, w_hh, b_ih, b_hh, w_hr;
  };

  static Scalars variables(const std::vector<T>& x) {
    Scalars v;
    for (const T value : x) v.push_back(Scalar::variable(static_cast<double>(value)));
    return v;
  }
  static std::vector<double> values(const Scalars& x) {
    std::vector<double> v;
    for (const Scalar& s : x) v.push_back(s.value());
    return v;
  }
  static std::vector<double> gradients(const Scalar::Gradients& g, const Scalars& x) {
    std::vector<double> v;
    for (const Scalar& s : x) v.push_back(g[s]);
    return v;
  }
  /// w x + b
  static Scalars product(const Scalars& w, const Scalars& x, const Scalars& b, Index rows) {
    Scalars y;
    for (Index i = 0; i < rows; ++i) {
      Scalar sum = b.empty() ? Scalar() : b[count(i)];
      for (std::size_t j = 0; j < x.size(); ++j) sum = sum + w[count(i) * x.size() + j] * x[j];
      y.push_back(sum);
    }
    return y;
  }
  Scalars part(const Scalars& all, Index which, Index size) const {
    if (all.empty()) return Scalars(count(size));
    const auto begin = all.begin() + which * size;
    return Scalars(begin, begin + size);
  }

  void run_sequence(Index k, Index n) {
    const Weights& w = weights_[count(k)];
    const Index gates = layer_.kind.gates, outputs = z_.outputs(), length = layer_.length(n);
    Scalars h = part(h0_, k * z_.n + n, outputs), c = part(c0_, k * z_.n + n, z_.s);
    for (Index step = 0; step < length; ++step) {
      const Index time = k == 0 ? step : length - 1 - step;
      const Scalars a = product(w.w_ih, part(x_, n * z_.l + time, z_.d), w.b_ih, gates * z_.s);
      const Scalars b = product(w.w_hh, h, w.b_hh, gates * z_.s);
      Scalars state = z_.projected == 0 ? h : Scalars(count(z_.s));
      for (Index u = 0; u < z_.s; ++u) {
        Scalars of_a, of_b;
        for (Index gate = 0; gate < gates; ++gate) {
          of_a.push_back(a[count(gate * z_.s + u)]);
          of_b.push_back(b[count(gate * z_.s + u)]);
        }
        layer_.kind.step(of_a, of_b, state[count(u)], c[count(u)]);
      }
      h = z_.projected == 0 ? state : product(w.w_hr, state, {}, outputs);
      std::copy(h.begin(), h.end(), y_.begin() + ((n * z_.l + time) * z_.directions + k) * outputs);
    }
    std::copy(h.begin(), h.end(), hn_.begin() + (k * z_.n + n) * outputs);
    if (layer_.kind.has_c) std::copy(c.begin(), c.end(), cn_.begin() + (k * z_.n + n) * z_.s);
  }

  const Layer<T>& layer_;
  const Sizes& z_;
  Scalars x_, h0_, c0_, y_, hn_, cn_;
  std::vector<Weights> weights_;
};

/// The largest |a - b| as a multiple of epsilon times the largest |b|; infinite for NaN.
template <class T>
double error_in_scale(const std::vector<T>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double scale = 0, worst = 0;
  for (const double v : b) scale = std::max(scale, std::abs(v));
  for (std::size_t i = 0; i < a.size(); ++i) {
    worst = larger(worst, std::abs(static_cast<double>(a[i]) - b[i]));
  }
  if (worst == 0) return 0;
  return worst / (std::numeric_limits<T>::epsilon() *
                  std::max(scale, static_cast<double>(std::numeric_limits<T>::min())));
}

/// Sizes around vectors, tiles and blocks.
inline std::vector<Sizes> cases() {
  std::vector<Sizes> all = {
      {1, 1, 1, 1},
      {2, 3, 2, 1},
      {3, 4, 5, 3},
      {1, 6, 3, 16},
      {5, 3, 17, 19, 2},
      {13, 4, 1, 33},
      {9, 5, 7, 8, 2},
      {2, 3, 4, 70},
      {40, 3, 2, 5, 2},                 // several blocks
      {3, 90, 2, 4},                    // many steps
      {3, 70, 35, 4},                   // many features: x in products of its own, several of them
      {20, 5, 40, 21, 2},               // and several of its rows in each
      {11, 40, 3, 6, 2},                // and several collections of the backward pass
      {3, 4, 5, 6, 1, 0, false},        // no bias
      {3, 4, 5, 6, 2, 0, true, false},  // no states
      {6, 5, 3, 7, 2, 0, true, true, {2, 5, 1, 4, 5, 3}},
      {5, 4, 2, 18, 1, 0, true, true, {0, 4, 0, 1, 2}},
      {6, 5, 37, 18, 2, 0, true, true, {0, 4, 0, 1, 5, 2}},
      {3, 4, 2, 5, 2, 0, true, false, {0, 0, 0}},
      {21, 6, 3, 9, 2, 0, true, true, {6, 1, 3, 3, 2, 6, 5, 4, 1, 1, 2,
                                       6, 6, 3, 5, 4, 4, 1, 2, 3, 6}},
      {0, 4, 2, 3},
      {3, 0, 2, 3, 2},
  };
  return all;
}

/// Compares every result of the kernels with the scalars.
template <class T>
void check_against_scalars(const Kind<T>& kind, const Sizes& sizes) {
  INFO(sizes.text());
  const Layer<T> layer(kind, sizes);
  const Results<T> r = run(layer);
  const Results<double> e = ScalarLayer<T>(layer).run();
  // Forward a few roundings for each step, backward sums over all steps besides.
  const double allowed = 16, allowed_backward = 64;
  CHECK(error_in_scale(r.y, e.y) <= allowed);
  CHECK(error_in_scale(r.hn, e.hn) <= allowed);
  CHECK(error_in_scale(r.cn, e.cn) <= allowed);
  CHECK(error_in_scale(r.dx, e.dx) <= allowed_backward);
  CHECK(error_in_scale(r.dw_ih, e.dw_ih) <= allowed_backward);
  CHECK(error_in_scale(r.dw_hh, e.dw_hh) <= allowed_backward);
  CHECK(error_in_scale(r.db_ih, e.db_ih) <= allowed_backward);
  CHECK(error_in_scale(r.db_hh, e.db_hh) <= allowed_backward);
  CHECK(error_in_scale(r.dw_hr, e.dw_hr) <= allowed_backward);
  if (sizes.states) {
    CHECK(error_in_scale(r.dh0, e.dh0) <= allowed_backward);
    CHECK(error_in_scale(r.dc0, e.dc0) <= allowed_backward);
  }
}

/// A layer of which every sequence gives, alone, what it gives in the batch.
template <class T>
void check_alone(const Kind<T>& kind, const Sizes& sizes) {
  INFO(sizes.text());
  const Layer<T> layer(kind, sizes);
  const Results<T> together = run(layer);
  for (Index n = 0; n < sizes.n; ++n) {
    INFO("sequence " << n);
    Sizes one = sizes;
    one.n = 1;
    one.l = layer.length(n);
    one.lengths.clear();
    Layer<T> alone(kind, one);
    const auto rows = [&](const std::vector<T>& from, Index size, std::vector<T>& to) {
      for (Index k = 0; k < sizes.directions && !from.empty(); ++k) {
        std::copy_n(from.begin() + (k * sizes.n + n) * size, size, to.begin() + k * size);
      }
    };
    const auto start = [&](const std::vector<T>& from, Index width, std::vector<T>& to) {
      std::copy_n(from.begin() + n * sizes.l * width, one.l * width, to.begin());
    };
    const Index outputs = sizes.outputs(), width = sizes.directions * outputs;
    alone.weights = layer.weights;
    start(layer.x, sizes.d, alone.x);
    start(layer.dy, width, alone.dy);
    rows(layer.h0, outputs, alone.h0);
    rows(layer.c0, sizes.s, alone.c0);
    rows(layer.dhn, outputs, alone.dhn);
    rows(layer.dcn, sizes.s, alone.dcn);
    const Results<T> r = run(alone);

    std::vector<T> expected(r.y.size());
    start(together.y, width, expected);
    CHECK(same_bits(r.y, expected));
    expected.resize(r.dx.size());
    start(together.dx, sizes.d, expected);
    CHECK(same_bits(r.dx, expected));
    for (const auto& [of_one, of_all, size] : {std::tuple(&r.hn, &together.hn, outputs),
                                               {&r.cn, &together.cn, sizes.s},
                                               {&r.dh0, &together.dh0, outputs},
                                               {&r.dc0, &together.dc0, sizes.s}}) {
      expected.resize(of_one->size());
      rows(*of_all, size, expected);
      CHECK(same_bits(*of_one, expected));
    }
    const auto zeros_after = [&](const std::vector<T>& all, Index size) {
      return std::all_of(all.begin() + (n * sizes.l + one.l) * size,
                         all.begin() + (n + 1) * sizes.l * size, [](T v) { return v == 0; });
    };
    CHECK(zeros_after(together.y, width));
    CHECK(zeros_after(together.dx, sizes.d));
  }
}

/// Batches of several tasks, and lengths that leave them unequal work.
inline std::vector<Sizes> threads_cases() {
  std::vector<Sizes> all = {
      {70, 6, 5, 20, 2}, {33, 40, 3, 9}, {1, 20, 6, 40, 2}, {64, 9, 40, 33, 2}};
  Sizes ragged{50, 12, 4, 18, 2};
  for (Index n = 0; n < ragged.n; ++n) ragged.lengths.push_back(n * 7 % 13);
  all.push_back(ragged);
  return all;
}

template <class T>
void check_threads(const Kind<T>& kind, const Sizes& sizes) {
  INFO(sizes.text());
  const Layer<T> layer(kind, sizes);
  same_at_all_threads([&] { return run(layer).all(); });
}

/// Inference gives the bits of training.
template <class T>
void check_unsaved(const Kind<T>& kind, const Sizes& sizes) {
  INFO(sizes.text());
  const Layer<T> layer(kind, sizes);
  const Results<T> a = run(layer), b = run(layer, false);
  CHECK(same_bits(a.y, b.y));
  CHECK(same_bits(a.hn, b.hn));
  CHECK(same_bits(a.cn, b.cn));
}

/// (N, L, width) as (L, N, width).
template <class T>
std::vector<T> steps_first(const std::vector<T>& x, Index n, Index l, Index width) {
  std::vector<T> y(x.size());
  for (Index i = 0; i < n; ++i) {
    for (Index t = 0; t < l; ++t) {
      std::copy_n(x.begin() + (i * l + t) * width, width, y.begin() + (t * n + i) * width);
    }
  }
  return y;
}

template <class T>
void check_strides(const Kind<T>& kind) {
  Sizes z{5, 4, 3, 18, 2, 0, true, true, {4, 1, 3, 0, 4}};
  const Layer<T> rows(kind, z);
  z.steps_first = true;
  Layer<T> steps(kind, z);
  const Index width = z.directions * z.s;
  steps.x = steps_first(rows.x, z.n, z.l, z.d);
  steps.dy = steps_first(rows.dy, z.n, z.l, width);
  Results<T> expected = run(rows);
  expected.y = steps_first(expected.y, z.n, z.l, width);
  expected.dx = steps_first(expected.dx, z.n, z.l, z.d);
  CHECK(same_bits(run(steps).all(), expected.all()));
}

/// Leaving out a result changes no other; a gradient that does not come is one of zeros.
template <class T>
void check_wanted(const Kind<T>& kind, Index projected = 0) {
  const Sizes z{9, 6, 3, 18, 2, projected};
  const Layer<T> layer(kind, z);
  const Results<T> full = run(layer);
  const auto part = [](const Results<T>& r, unsigned bit) -> std::vector<T> Results<T>::* {
    static_cast<void>(r);
    switch (bit) {
      case no_dx:
        return &Results<T>::dx;
      case no_dh0:
        return &Results<T>::dh0;
      case no_dc0:
        return &Results<T>::dc0;
      case no_dw_ih:
        return &Results<T>::dw_ih;
      case no_dw_hh:
        return &Results<T>::dw_hh;
      case no_db_ih:
        return &Results<T>::db_ih;
      case no_db_hh:
        return &Results<T>::db_hh;
      default:
        return &Results<T>::dw_hr;
    }
  };
  const unsigned all = 2047 & ~7u;
  for (unsigned bit = no_dx; bit <= no_dw_hr; bit *= 2) {
    INFO("left out: " << bit);
    Results<T> expected = full;
    const auto of = part(expected, bit);
    std::fill((expected.*of).begin(), (expected.*of).end(), nan_v<T>);
    CHECK(same_bits(run(layer, true, bit).all(), expected.all()));
    // And the other way round: that one alone.
    CHECK(same_bits(run(layer, true, all & ~bit).*of, full.*of));
  }
  for (unsigned bit = no_dy; bit <= no_dcn; bit *= 2) {
    INFO("does not come: " << bit);
    Layer<T> zeros = layer;
    auto& of = bit == no_dy ? zeros.dy : bit == no_dhn ? zeros.dhn : zeros.dcn;
    std::fill(of.begin(), of.end(), T(0));
    CHECK(same_bits(run(layer, true, bit).all(), run(zeros).all()));
  }
}

/// What is not a number reaches its own sequence, from its step on, and no other.
template <class T>
void check_nan(const Kind<T>& kind) {
  const Sizes z{3, 4, 2, 5};
  Layer<T> layer(kind, z);
  layer.x[count((1 * z.l + 2) * z.d)] = nan_v<T>;
  const Results<T> r = run(layer);
  for (Index n = 0; n < z.n; ++n) {
    for (Index t = 0; t < z.l; ++t) {
      for (Index u = 0; u < z.s; ++u) {
        CHECK(std::isnan(r.y[count((n * z.l + t) * z.s + u)]) == (n == 1 && t >= 2));
      }
    }
  }
}

}  // namespace tenon::test
