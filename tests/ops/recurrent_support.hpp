#pragma once

// What the tests of rnn, lstm and gru share: operands, and the three behind one face.

#include <array>
#include <string>
#include <vector>

#include "ops_support.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/gru.hpp"
#include "tenon/ops/lstm.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/ops/rnn.hpp"
#include "tenon/ops/shape.hpp"

namespace tenon::test {

/// Sizes of a layer.
struct Layer {
  Index n = 3, l = 4, d = 2, s = 3;
  int directions = 1;
  bool bias = true, states = true;
  Index projected = 0;
  std::vector<std::int64_t> lengths = {};
  bool batch_first = true;

  Index outputs() const { return projected == 0 ? s : projected; }
};

/// The operands of a call. As a list: x, h, c (of an LSTM), then each direction's weights, those
/// that are there.
template <class T>
struct Operands {
  BasicTensor<T> x, h, c;
  std::array<BasicRecurrentWeights<T>, 2> weights;
  std::size_t directions = 1;
  LongTensor lengths;
  RecurrentOptions options;

  Operands(const Layer& z, Index gates, std::uint64_t seed = 1) : directions(1) {
    directions = static_cast<std::size_t>(z.directions);
    const auto make = [&](const Shape& shape, double size = 0.8) {
      return random_tensor<T>(shape, seed++, -size, size);
    };
    x = make(z.batch_first ? Shape{z.n, z.l, z.d} : Shape{z.l, z.n, z.d}, 1.5);
    if (z.states) h = make({z.directions, z.n, z.outputs()});
    if (z.states && gates == 4) c = make({z.directions, z.n, z.s});
    for (std::size_t k = 0; k < directions; ++k) {
      auto& w = weights[k];
      w.w_ih = make({gates * z.s, z.d});
      w.w_hh = make({gates * z.s, z.outputs()});
      if (z.bias) w.b_ih = make({gates * z.s});
      if (z.bias) w.b_hh = make({gates * z.s});
      if (z.projected > 0) w.w_hr = make({z.projected, z.s});
    }
    if (!z.lengths.empty()) lengths = from_container(z.lengths);
    options.batch_first = z.batch_first;
  }

  RecurrentWeightSpan<T> span() const { return {weights.data(), directions}; }

  /// Calls f(tensor) for each that is defined, in the list's order.
  template <class F>
  void for_each(const F& f) {
    for (auto* tensor : {&x, &h, &c}) {
      if (tensor->defined()) f(*tensor);
    }
    for (std::size_t k = 0; k < directions; ++k) {
      auto& w = weights[k];
      for (auto* tensor : {&w.w_ih, &w.w_hh, &w.b_ih, &w.b_hh, &w.w_hr}) {
        if (tensor->defined()) f(*tensor);
      }
    }
  }
  std::vector<BasicTensor<T>> list() {
    std::vector<BasicTensor<T>> all;
    for_each([&](BasicTensor<T>& tensor) { all.push_back(tensor); });
    return all;
  }
  /// The same call with other tensors.
  Operands with(const std::vector<BasicTensor<T>>& list) const {
    Operands copy = *this;
    std::size_t i = 0;
    copy.for_each([&](BasicTensor<T>& tensor) { tensor = list[i++]; });
    return copy;
  }
};

template <class T>
struct AllResults {
  BasicTensor<T> y, h, c;

  /// All values as one axis.
  BasicTensor<T> joined() const {
    if (!c.defined()) return cat({y.reshape({-1}), h.reshape({-1})});
    return cat({y.reshape({-1}), h.reshape({-1}), c.reshape({-1})});
  }
};

// The three networks. gates; of(operands): a sequence; cell(x, h, c, weights): a step.

struct TanhRnn {
  static constexpr Index gates = 1;
  static constexpr Nonlinearity f = Nonlinearity::tanh;
  template <class T>
  static AllResults<T> of(const Operands<T>& o) {
    auto [y, h] = rnn(o.x, o.h, o.span(), f, o.lengths, o.options);
    return {y, h, {}};
  }
  template <class T>
  static BasicLSTMState<T> cell(const BasicTensor<T>& x, const BasicLSTMState<T>& state,
                                const BasicRecurrentWeights<T>& w) {
    return {rnn_cell(x, state.h, w, f), {}};
  }
};

struct ReluRnn {
  static constexpr Index gates = 1;
  static constexpr Nonlinearity f = Nonlinearity::relu;
  template <class T>
  static AllResults<T> of(const Operands<T>& o) {
    auto [y, h] = rnn(o.x, o.h, o.span(), f, o.lengths, o.options);
    return {y, h, {}};
  }
  template <class T>
  static BasicLSTMState<T> cell(const BasicTensor<T>& x, const BasicLSTMState<T>& state,
                                const BasicRecurrentWeights<T>& w) {
    return {rnn_cell(x, state.h, w, f), {}};
  }
};

struct Lstm {
  static constexpr Index gates = 4;
  template <class T>
  static AllResults<T> of(const Operands<T>& o) {
    auto [y, state] = lstm(o.x, {o.h, o.c}, o.span(), o.lengths, o.options);
    return {y, state.h, state.c};
  }
  template <class T>
  static BasicLSTMState<T> cell(const BasicTensor<T>& x, const BasicLSTMState<T>& state,
                                const BasicRecurrentWeights<T>& w) {
    return lstm_cell(x, state, w);
  }
};

struct Gru {
  static constexpr Index gates = 3;
  template <class T>
  static AllResults<T> of(const Operands<T>& o) {
    auto [y, h] = gru(o.x, o.h, o.span(), o.lengths, o.options);
    return {y, h, {}};
  }
  template <class T>
  static BasicLSTMState<T> cell(const BasicTensor<T>& x, const BasicLSTMState<T>& state,
                                const BasicRecurrentWeights<T>& w) {
    return {gru_cell(x, state.h, w), {}};
  }
};

/// The sequence as a loop over cells, all of length L.
template <class Net, class T>
AllResults<T> unrolled(const Operands<T>& o) {
  const Index l = o.x.size(1);
  std::vector<BasicTensor<T>> sides, last_h, last_c;
  for (std::size_t k = 0; k < o.directions; ++k) {
    BasicLSTMState<T> state;
    if (o.h.defined()) state.h = o.h.select(0, static_cast<Index>(k));
    if (o.c.defined()) state.c = o.c.select(0, static_cast<Index>(k));
    std::vector<BasicTensor<T>> steps(static_cast<std::size_t>(l));
    for (Index i = 0; i < l; ++i) {
      const Index t = k == 0 ? i : l - 1 - i;
      state = Net::template cell<T>(o.x.select(1, t), state, o.weights[k]);
      steps[static_cast<std::size_t>(t)] = state.h;
    }
    sides.push_back(stack(steps, 1));
    last_h.push_back(state.h);
    if (state.c.defined()) last_c.push_back(state.c);
  }
  return {cat(sides, 2), stack(last_h), last_c.empty() ? BasicTensor<T>() : stack(last_c)};
}

}  // namespace tenon::test
