#include "kernels/simd/recurrent_backward_plan.hpp"
#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"

namespace tenon::kernels {
namespace {

/// Chunks of blocks for each direction, each of which has sums of the weights of its own: fewer
/// where these would take more memory than what the forward pass saved.
constexpr Index fewest_chunks = 4, most_chunks = 32;

/// One direction of one block, from its last step to its first.
template <class T>
class BackwardTask : RecurrentTask<T> {
 public:
  BackwardTask(BackwardPlan<T>& plan, int which, Index rows, T* dx, const WeightSums<T>& sums,
               T* memory, Index* dx_rows)
      : RecurrentTask<T>(plan, which, plan.blocks[rows]),
        p_(plan),
        packed_(plan.packed[which]),
        own_(plan, memory),
        dx_(dx),
        sums_(sums),
        dx_rows_(dx_rows) {}

  void run() {
    const Index rows = block.rows, state_row = p_.layout.state_row();
    std::fill_n(own_.dh, rows * p_.h_row(), T(0));
    std::fill_n(own_.dc, rows * state_row, T(0));
    std::fill_n(own_.c0, rows * state_row, T(0));
    this->load(0, rows, of.c0, d.s, own_.c0, state_row);
    Index active = 0, pair = block.first_pair + block.pairs();
    for (Index end = block.steps(); end > 0;) {
      const auto [begin, pairs] = collectable(end, active);
      for (Index s = end - 1, first = pairs; s >= begin; --s) {
        const Index n = block.reached(s, active);
        enter(active, n);
        active = n;
        pair -= n;
        first -= n;
        step(s, n, pair, first);
      }
      multiply_collected(pairs);
      end = begin;
    }
    enter(active, rows);
    this->store(0, rows, own_.dh, p_.h_row(), p_.g.dh0, d.outputs);
    this->store(0, rows, own_.dc, state_row, p_.g.dc0, d.s);
    if (p_.wants_dx()) clear_padding();
  }

 private:
  using RecurrentTask<T>::d;
  using RecurrentTask<T>::of;
  using RecurrentTask<T>::direction;
  using RecurrentTask<T>::block;

  struct Steps {
    Index begin, pairs;
  };
  /// The steps before `end` that are collected together, and their rows.
  Steps collectable(Index end, Index active) const {
    Steps steps{end, 0};
    while (steps.begin > 0) {
      active = block.reached(steps.begin - 1, active);
      if (steps.pairs > 0 && steps.pairs + active > p_.most_pairs) break;
      steps.pairs += active;
      --steps.begin;
    }
    return steps;
  }

  /// Rows [begin, end) come to their last step.
  void enter(Index begin, Index end) {
    this->load(begin, end, p_.g.dhn, d.outputs, own_.dh, p_.h_row());
    this->load(begin, end, p_.g.dcn, d.s, own_.dc, p_.layout.state_row());
  }

  void step(Index s, Index n, Index pair, Index first) {
    const Index state_row = p_.layout.state_row(), row = p_.layout.row();
    collect(s, n, first);
    T* const dh = p_.projects() ? unproject(n, first) : own_.dh;
    const T* c = p_.cell.has_c ? p_.saved_c(direction, pair) : nullptr;
    const T* c_before = own_.c0;
    if (p_.cell.has_c && s > 0) {
      c_before = p_.saved_c(direction, pair - block.reached(s - 1, n));
    }
    for (Index group = 0; group < p_.layout.groups(); ++group) {
      const Index u = group * p_.layout.width();
      p_.cell.backward({n, p_.layout.width(), p_.saved_gates(direction, pair, n, group),
                        own_.h_before + first * p_.h_before_row() + u, p_.h_before_row(),
                        c_before + u, c + u, dh + u, own_.dc + u, state_row,
                        own_.dsums + first * row + p_.layout.at(group, 0), row,
                        p_.projects() ? own_.unprojected + first * state_row + u : nullptr});
    }
    if (s > 0) foresee_saved(s - 1, n, pair);
    const bool adds = p_.cell.passes_dh;
    for (Index p = 0; p < p_.outputs.count(); ++p) {
      const Index depth = p_.recurrent.depth(), column = p_.outputs.begin(p);
      add_rows<T>(
          p_.tiles, n, p_.outputs.vectors(p),
          {depth, own_.dsums + first * row, p_.sums_rows.data(), p_.recurrent_columns.data(),
           packed_.recurrent.data() + p_.outputs.place(p) * depth, p_.outputs.width(p),
           adds ? own_.dh + column : p_.zeros.data(), adds ? p_.h_row() : 0, own_.dh + column,
           p_.h_row()});
    }
  }

  /// Asks for what was saved of step s, while the products of the one behind it, of n rows, keep
  /// the processor busy.
  void foresee_saved(Index s, Index n, Index pair) const {
    const Index before = block.reached(s, n), row = p_.layout.state_row();
    pair -= before;
    prefetch(p_.saved_gates(direction, pair, before, 0), before * p_.layout.row());
    if (!p_.cell.has_c || s == 0) return;
    const Index c_rows = block.reached(s - 1, before);
    prefetch(p_.saved_c(direction, pair - c_rows), c_rows * row);
  }

  /// x, and h as it was before the step; adds dy.
  void collect(Index s, Index n, Index first) {
    for (Index i = 0; i < n; ++i) {
      if (s > 0) prefetch(of.x + this->x_offset(i, s - 1), d.d);
      if (s > 1) prefetch(this->y(i, this->time(i, s - 2)), d.outputs);
      T* const x = own_.x + (first + i) * p_.x_row();
      std::copy_n(of.x + this->x_offset(i, s), d.d, x);
      x[d.d] = T(1);
      dx_rows_[first + i] = this->dx_offset(i, s);

      T* const h = own_.h_before + (first + i) * p_.h_before_row();
      if (s > 0) {
        std::copy_n(this->y(i, this->time(i, s - 1)), d.outputs, h);
        std::fill(h + d.outputs, h + p_.h_row(), T(0));
      } else {
        std::fill_n(h, p_.h_row(), T(0));
        this->load(i, i + 1, of.h0, d.outputs, h - i * d.outputs, d.outputs);
      }
      h[p_.h_row()] = T(1);

      if (p_.g.dy == nullptr) continue;
      const T* dy = p_.g.dy + block.order[i] * p_.g.dy_row + this->time(i, s) * p_.g.dy_step +
                    direction * d.outputs;
      T* const dh = own_.dh + i * p_.h_row();
      for (Index u = 0; u < d.outputs; ++u) dh[u] += dy[u];
    }
  }

  /// The gradient of what was projected in a step.
  T* unproject(Index n, Index first) {
    std::copy_n(own_.dh, n * p_.h_row(), own_.collected_dh + first * p_.h_row());
    for (Index p = 0; p < p_.states.count(); ++p) {
      add_rows<T>(
          p_.tiles, n, p_.states.vectors(p),
          {d.outputs, own_.dh, p_.h_rows.data(), p_.columns.data(),
           packed_.projection.data() + p_.states.place(p) * d.outputs, p_.states.width(p),
           p_.zeros.data(), 0, own_.dunprojected + p_.states.begin(p), p_.layout.state_row()});
    }
    return own_.dunprojected;
  }

  /// What the collected gradients make of those of x and of the weights.
  void multiply_collected(Index pairs) {
    for (Index group = 0; group < p_.layout.groups(); ++group) {
      if (p_.wants_input()) {
        add_products(p_.input, group, pairs, own_.x, p_.x_rows.data(), p_.x_row(), sums_.input);
      }
      if (p_.wants_recurrent()) {
        add_products(p_.recurrent, group, pairs, own_.h_before, p_.h_before_rows.data(),
                     p_.h_row() + 1, sums_.recurrent);
      }
    }
    const Index state_row = p_.layout.state_row();
    for (Index p = 0; p < p_.states.count() && p_.wants_projection(); ++p) {
      T* const to = sums_.projection + p_.states.begin(p);
      add_rows<T>(p_.tiles, d.outputs, p_.states.vectors(p),
                  {pairs, own_.collected_dh, p_.columns.data(), p_.h_rows.data(),
                   own_.unprojected + p_.states.begin(p), state_row, to, state_row, to, state_row});
    }
    if (p_.wants_dx()) multiply_input(pairs);
  }

  /// sums += the transpose of collected rows times the gradients of one group's sums.
  void add_products(const GatePanels<T>& gates, Index group, Index pairs, const T* from,
                    const Index* from_rows, Index features, T* sums) {
    const Index row = p_.layout.row();
    for (Index part = 0; part < gates.in_group(); ++part) {
      const Index column = gates.column(group, part);
      add_rows<T>(p_.tiles, features, gates.vectors(part),
                  {pairs, from, p_.columns.data(), from_rows, own_.dsums + column, row,
                   sums + column, row, sums + column, row});
    }
  }

  void multiply_input(Index pairs) {
    const Index depth = p_.input.depth();
    for (Index p = 0; p < p_.features.count(); ++p) {
      const Index vectors = p_.features.vectors(p);
      const EvenSplit tiles(pairs, p_.kernels.rows[vectors - 1]);
      for (Index tile = 0; tile < tiles.count(); ++tile) {
        const Index i = tiles.begin(tile);
        p_.kernels.multiply[tiles.size(tile) - 1][vectors - 1](
            {own_.dsums, p_.sums_rows.data() + i, p_.input_columns.data()}, depth,
            packed_.input.data() + p_.features.place(p) * depth, p_.features.width(p),
            {dx_ + p_.features.begin(p), dx_rows_ + i, p_.features.size(p)});
      }
    }
  }

  void clear_padding() {
    for (Index i = 0; i < block.rows; ++i) {
      for (Index time = block.lengths[i]; time < d.l; ++time) {
        std::fill_n(dx_ + block.order[i] * d.dx_row + time * d.dx_step, d.d, T(0));
      }
    }
  }

  BackwardPlan<T>& p_;
  typename BackwardPlan<T>::Packed& packed_;
  BackwardScratch<T> own_;
  T* dx_;
  const WeightSums<T>& sums_;
  Index* dx_rows_;
};

/// sums[0, n) of the first chunk += those of the others, in their order.
template <class T>
void add_chunks(T* sums, Index n, Index chunks, Index chunk_size) {
  parallel_for(n, std::max<Index>(1, packed_grain / chunks), [&](Index begin, Index end) {
    for (Index chunk = 1; chunk < chunks; ++chunk) {
      const T* const from = sums + chunk * chunk_size;
      for (Index i = begin; i < end; ++i) sums[i] += from[i];
    }
  });
}

/// dw (gates S, n) and db (gates S), where wanted, from rows of sums, that of db at bias_row.
template <class T>
void store_gradients(const BackwardPlan<T>& p, const GatePanels<T>& gates, const T* sums, Index n,
                     Index bias_row, T* dw, T* db) {
  const Index row = p.layout.row();
  gates.for_each_run([&](Index column, Index weight_row, Index count, Index) {
    if (dw != nullptr) p.kernels.transpose(sums + column, row, count, n, dw + weight_row * n, n);
    if (db != nullptr) std::copy_n(sums + bias_row * row + column, count, db + weight_row);
  });
}

template <class T>
void store_gradients(const BackwardPlan<T>& p, T* memory, Index chunks, Index chunk_size,
                     const RecurrentWeightGradients<T>& dw) {
  add_chunks(memory, chunk_size, chunks, chunk_size);
  const WeightSums<T> sums(p, memory);
  if (p.wants_input()) {
    store_gradients(p, p.input, sums.input, p.d.d, p.d.d, dw.w_ih, dw.b_ih);
  }
  if (p.wants_recurrent()) {
    store_gradients(p, p.recurrent, sums.recurrent, p.d.outputs, p.h_row(), dw.w_hh, dw.b_hh);
  }
  for (Index o = 0; o < p.d.outputs && dw.w_hr != nullptr; ++o) {
    std::copy_n(sums.projection + o * p.layout.state_row(), p.d.s, dw.w_hr + o * p.d.s);
  }
}

}  // namespace

template <class T>
void recurrent_backward(const CellKernels<T>& cell, const RecurrentDims& dims,
                        const RecurrentForward<T>& operands,
                        const RecurrentBackward<T>& gradients) {
  count_recurrent_backward(dims, cell.input.count, operands, gradients);
  const detail::FlushDenormals flush;
  BackwardPlan<T> plan(cell, dims, operands, gradients);
  const Index blocks = plan.blocks.count();
  const Index affordable = plan.blocks.pairs() / (plan.x_row() + plan.h_row());
  const Index most = std::clamp(affordable, fewest_chunks, most_chunks);
  const EvenSplit split(blocks, std::max<Index>(1, (blocks + most - 1) / most));
  const Index chunks = std::max<Index>(1, split.count()), tasks = dims.directions * chunks;

  const Index size = BackwardScratch<T>(plan, nullptr).pieces.taken();
  const Index sums_size = WeightSums<T>(plan, nullptr).pieces.taken();
  detail::Scratch<T> sums(tasks * sums_size);
  detail::Scratch<Index> dx_rows(tasks * plan.most_pairs);
  // Both directions have a gradient of every x.
  const bool adds_dx = plan.wants_dx() && dims.directions > 1;
  const Index dx_size = adds_dx ? dims.n * dims.l * dims.d : 0;
  detail::Scratch<T> second_dx(dx_size);

  const auto run = [&](Index task, T* memory) {
    const int direction = static_cast<int>(task % dims.directions);
    const Index chunk = task / dims.directions;
    T* const own_sums = sums.data() + (direction * chunks + chunk) * sums_size;
    std::fill_n(own_sums, sums_size, T(0));
    const WeightSums<T> weight_sums(plan, own_sums);
    const Index end = blocks == 0 ? 0 : split.begin(chunk) + split.size(chunk);
    for (Index block = split.begin(chunk); block < end; ++block) {
      BackwardTask<T>(plan, direction, block, direction == 0 ? gradients.dx : second_dx.data(),
                      weight_sums, memory, dx_rows.data() + task * plan.most_pairs)
          .run();
    }
  };
  parallel_with_scratch<T>(tasks, plan.task_grain(tasks), size,
                           [&](T* memory, Index begin, Index end) {
                             for (Index task = begin; task < end; ++task) run(task, memory);
                           });
  parallel_for(dx_size, packed_grain, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) gradients.dx[i] += second_dx[i];
  });
  for (int i = 0; i < dims.directions; ++i) {
    store_gradients(plan, sums.data() + i * chunks * sums_size, chunks, sums_size,
                    gradients.weights[i]);
  }
}

#define TENON_INSTANTIATE(T)                                                       \
  template void recurrent_backward<T>(const CellKernels<T>&, const RecurrentDims&, \
                                      const RecurrentForward<T>&, const RecurrentBackward<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::kernels
