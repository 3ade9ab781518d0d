#pragma once

#include <algorithm>
#include <cmath>

#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/base/parallel.hpp"
#include "tenon/kernels/recurrent.hpp"

/// The loops of rnn, lstm and gru. A Cell tells these apart, one unit at a time:
///
///   gate_count    how many sums a unit has
///   saved_count   how many values are kept of each of its steps
///   forward(a, b, step, h, c, saved)
///     a, b: the unit's sums of x and of h, `step` apart; h, c: before the step, then after it
///   backward(saved, h, c, dh, dc, step, da, db)
///     h, c: before the step; dh, dc: gradients of those after it, then of those before it as far
///     as they are not reached through the sums, whose gradients are da and db
///   h(saved), c(saved)   as they were after the step
namespace tenon::kernels {

inline Index length_of(const RecurrentDims& d, Index n) {
  return d.lengths == nullptr ? d.l : d.lengths[n];
}
inline Index first_pair_of(const RecurrentDims& d, Index n) {
  Index sum = 0;
  for (Index i = 0; i < n; ++i) sum += length_of(d, i);
  return sum;
}

/// y = w x + b for w (rows, columns); b may be null.
template <class T>
void multiply_add(const T* w, const T* x, const T* b, Index rows, Index columns, T* y) {
  for (Index i = 0; i < rows; ++i) {
    T sum = b == nullptr ? T(0) : b[i];
    for (Index j = 0; j < columns; ++j) sum += w[i * columns + j] * x[j];
    y[i] = sum;
  }
}
/// x += w^T y
template <class T>
void add_transposed(const T* w, const T* y, Index rows, Index columns, T* x) {
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < columns; ++j) x[j] += w[i * columns + j] * y[i];
  }
}
/// w += y x^T, b += y; both may be null.
template <class T>
void add_outer(const T* y, const T* x, Index rows, Index columns, T* w, T* b) {
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < columns && w != nullptr; ++j) w[i * columns + j] += y[i] * x[j];
    if (b != nullptr) b[i] += y[i];
  }
}

/// One layer in one direction.
template <class T, class Cell>
class RecurrentLoops {
 public:
  RecurrentLoops(const RecurrentDims& dims, const RecurrentForward<T>& operands, Index which)
      : d(dims), of(operands), w(operands.weights[which]), direction(which) {}

  static Index saved_size(const RecurrentDims& d) {
    return d.directions * first_pair_of(d, d.n) * d.s * Cell::saved_count;
  }

  void forward(Index n) const {
    const Index sums = Cell::gate_count * d.s, length = length_of(d, n);
    detail::Scratch<T> a(sums), b(sums), h(d.outputs), state(d.s), c(d.s);
    load(of.h0, n, d.outputs, h.data());
    load(of.c0, n, d.s, c.data());
    T* saved = saved_of(n);
    T unsaved[Cell::saved_count];
    for (Index s = 0; s < length; ++s) {
      multiply_add(w.w_ih, x(n, s), w.b_ih, sums, d.d, a.data());
      multiply_add(w.w_hh, h.data(), w.b_hh, sums, d.outputs, b.data());
      for (Index u = 0; u < d.s; ++u) {
        // Without a projection h is the state.
        state[u] = w.w_hr == nullptr ? h[u] : T(0);
        Cell::forward(a.data() + u, b.data() + u, d.s, state[u], c[u],
                      of.saved == nullptr ? unsaved : saved);
        if (of.saved != nullptr) saved += Cell::saved_count;
      }
      if (w.w_hr == nullptr) {
        std::copy_n(state.data(), d.s, h.data());
      } else {
        multiply_add<T>(w.w_hr, state.data(), nullptr, d.outputs, d.s, h.data());
      }
      std::copy_n(h.data(), d.outputs, y(n, time(n, s)));
    }
    for (Index t = length; t < d.l; ++t) std::fill_n(y(n, t), d.outputs, T(0));
    store(h.data(), n, d.outputs, of.hn);
    store(c.data(), n, d.s, of.cn);
  }

  /// Adds to dx and dw.
  void backward(Index n, const RecurrentBackward<T>& g,
                const RecurrentWeightGradients<T>& dw) const {
    const Index sums = Cell::gate_count * d.s, length = length_of(d, n);
    detail::Scratch<T> da(sums), db(sums), dh(d.outputs), dstate(d.s), dc(d.s), h0(d.outputs),
        c0(d.s), state(d.s);
    load(g.dhn, n, d.outputs, dh.data());
    load(g.dcn, n, d.s, dc.data());
    load(of.h0, n, d.outputs, h0.data());
    load(of.c0, n, d.s, c0.data());
    for (Index s = length - 1; s >= 0; --s) {
      const T* h_before = s > 0 ? y(n, time(n, s - 1)) : h0.data();
      const T* saved = saved_of(n) + s * d.s * Cell::saved_count;
      if (g.dy != nullptr) {
        const T* dy = g.dy + n * g.dy_row + time(n, s) * g.dy_step + direction * d.outputs;
        for (Index o = 0; o < d.outputs; ++o) dh[o] += dy[o];
      }
      if (w.w_hr == nullptr) {
        std::copy_n(dh.data(), d.s, dstate.data());
      } else {
        std::fill_n(dstate.data(), d.s, T(0));
        add_transposed(w.w_hr, dh.data(), d.outputs, d.s, dstate.data());
        for (Index u = 0; u < d.s; ++u) state[u] = Cell::h(saved + u * Cell::saved_count);
        add_outer<T>(dh.data(), state.data(), d.outputs, d.s, dw.w_hr, nullptr);
      }
      for (Index u = 0; u < d.s; ++u) {
        const T c_before = s > 0 ? Cell::c(saved + (u - d.s) * Cell::saved_count) : c0[u];
        Cell::backward(saved + u * Cell::saved_count, w.w_hr == nullptr ? h_before[u] : T(0),
                       c_before, dstate[u], dc[u], d.s, da.data() + u, db.data() + u);
      }
      add_outer(da.data(), x(n, s), sums, d.d, dw.w_ih, dw.b_ih);
      add_outer(db.data(), h_before, sums, d.outputs, dw.w_hh, dw.b_hh);
      if (g.dx != nullptr) {
        add_transposed(w.w_ih, da.data(), sums, d.d, g.dx + n * d.dx_row + time(n, s) * d.dx_step);
      }
      for (Index o = 0; o < d.outputs; ++o) dh[o] = w.w_hr == nullptr ? dstate[o] : T(0);
      add_transposed(w.w_hh, db.data(), sums, d.outputs, dh.data());
    }
    store(dh.data(), n, d.outputs, g.dh0);
    store(dc.data(), n, d.s, g.dc0);
  }

 private:
  Index time(Index n, Index s) const { return direction == 1 ? length_of(d, n) - 1 - s : s; }
  const T* x(Index n, Index s) const { return of.x + n * d.x_row + time(n, s) * d.x_step; }
  T* y(Index n, Index t) const { return of.y + n * d.y_row + t * d.y_step + direction * d.outputs; }
  T* saved_of(Index n) const {
    const Index pair = direction * first_pair_of(d, d.n) + first_pair_of(d, n);
    return of.saved + pair * d.s * Cell::saved_count;
  }
  void load(const T* states, Index n, Index size, T* to) const {
    std::fill_n(to, size, T(0));
    if (states != nullptr) std::copy_n(states + (direction * d.n + n) * size, size, to);
  }
  void store(const T* from, Index n, Index size, T* states) const {
    if (states != nullptr) std::copy_n(from, size, states + (direction * d.n + n) * size);
  }

  const RecurrentDims& d;
  const RecurrentForward<T>& of;
  const RecurrentWeights<T>& w;
  Index direction;
};

/// Parallel over sequences.
template <class T, class Cell>
void recurrent_forward(const RecurrentDims& d, const RecurrentForward<T>& operands) {
  count_recurrent(d, Cell::gate_count, operands);
  const detail::FlushDenormals flush;
  for (Index i = 0; i < d.directions; ++i) {
    const RecurrentLoops<T, Cell> loops(d, operands, i);
    parallel_for(d.n, 1, [&](Index begin, Index end) {
      for (Index n = begin; n < end; ++n) loops.forward(n);
    });
  }
}

/// One sequence after the other, since all of them add to the weights' gradients.
template <class T, class Cell>
void recurrent_backward(const RecurrentDims& d, const RecurrentForward<T>& operands,
                        const RecurrentBackward<T>& gradients) {
  count_recurrent_backward(d, Cell::gate_count, operands, gradients);
  const detail::FlushDenormals flush;
  const Index sums = Cell::gate_count * d.s;
  const auto clear = [](T* x, Index n) {
    if (x != nullptr) std::fill_n(x, n, T(0));
  };
  for (Index n = 0; n < d.n && gradients.dx != nullptr; ++n) {
    for (Index t = 0; t < d.l; ++t) clear(gradients.dx + n * d.dx_row + t * d.dx_step, d.d);
  }
  for (Index i = 0; i < d.directions; ++i) {
    const RecurrentWeightGradients<T>& dw = gradients.weights[i];
    clear(dw.w_ih, sums * d.d);
    clear(dw.w_hh, sums * d.outputs);
    clear(dw.b_ih, sums);
    clear(dw.b_hh, sums);
    clear(dw.w_hr, d.outputs * d.s);
    const RecurrentLoops<T, Cell> loops(d, operands, i);
    for (Index n = 0; n < d.n; ++n) loops.backward(n, gradients, dw);
  }
}

template <class T>
T sigmoid_of(T x) {
  const T e = std::exp(-std::abs(x));
  return (x < T(0) ? e : T(1)) / (T(1) + e);
}

}  // namespace tenon::kernels
