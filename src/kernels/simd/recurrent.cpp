#include "kernels/simd/recurrent.hpp"

#include "kernels/simd/recurrent_plan.hpp"
#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"

namespace tenon::kernels {
namespace {

/// Rows that pass over the packed weights of x together.
constexpr Index input_rows = 64;
/// Of so few features, the weights are so small that x is better multiplied step by step, as a part
/// of the row that holds h: the sums stay in registers.
constexpr Index few_features = 32;

template <class T>
bool joins_x(const CellKernels<T>& cell, const RecurrentDims& d) {
  return d.d <= few_features && cell.input.first == cell.recurrent.first &&
         cell.input.count == cell.recurrent.count;
}

/// One direction's weights as the products read them.
template <class T>
struct PackedForward {
  PackedForward(const RecurrentPlan<T>& plan, Index joined_features)
      : outputs(plan.kernels, plan.d.outputs),
        joined(joined_features),
        depth(plan.d.outputs + joined_features),
        input(joined > 0 ? 0 : plan.input.packed_size(plan.d.d)),
        recurrent(plan.recurrent.packed_size(depth)),
        projection(plan.projects() ? outputs.padded() * plan.d.s : 0),
        bias(plan.layout.row()) {}

  void pack(const RecurrentPlan<T>& plan, const RecurrentWeights<T>& w) {
    const Index grain = pack_grain(plan.layout.group_size() * (plan.d.d + plan.d.outputs));
    parallel_for(plan.layout.groups(), grain, [&](Index begin, Index end) {
      for (Index group = begin; group < end; ++group) {
        if (joined > 0) {
          plan.recurrent.pack(group, w.w_ih, joined, recurrent.data(), depth, plan.d.outputs);
        } else {
          plan.input.pack(group, w.w_ih, plan.d.d, input.data(), plan.d.d, 0);
        }
        plan.recurrent.pack(group, w.w_hh, plan.d.outputs, recurrent.data(), depth, 0);
      }
    });
    std::fill_n(bias.data(), plan.layout.row(), T(0));
    plan.input.add_bias(w.b_ih, bias.data());
    plan.recurrent.add_bias(w.b_hh, bias.data());
    for (Index p = 0; p < outputs.count() && plan.projects(); ++p) {
      plan.kernels.pack(w.w_hr + outputs.begin(p) * plan.d.s, 1, plan.d.s, plan.d.s,
                        outputs.size(p), projection.data() + outputs.place(p) * plan.d.s,
                        outputs.width(p));
    }
  }

  Panels<T> outputs;
  Index joined;  ///< features of x that stand behind h
  Index depth;   ///< of the product in a step
  detail::Scratch<T> input, recurrent, projection, bias;
};

/// What all tasks read.
template <class T>
struct ForwardPlan : RecurrentPlan<T> {
  ForwardPlan(const CellKernels<T>& kind, const RecurrentDims& dims,
              const RecurrentForward<T>& operands)
      : RecurrentPlan<T>(kind, dims, operands, joins_x(kind, dims) ? 0 : input_rows) {
    for (int i = 0; i < dims.directions; ++i) packed[i].pack(*this, operands.weights[i]);
    std::fill_n(zeros.data(), h_row(), T(0));
  }

  /// From one row of h to the next in a task: h, and x where it is joined.
  Index h_row() const { return RecurrentPlan<T>::h_row() + Pieces<T>::whole_lines(joined); }

  Index joined = joins_x(this->cell, this->d) ? this->d.d : 0;
  PackedForward<T> packed[2]{PackedForward<T>(*this, joined), PackedForward<T>(*this, joined)};
  Offsets step_columns{
      this->d.outputs + joined, [this](Index i) {
        return i < this->d.outputs ? i : RecurrentPlan<T>::h_row() + i - this->d.outputs;
      }};
  Offsets columns{std::max(this->d.d, this->d.s), 1};
  Offsets h_rows{this->blocks.most_rows(), h_row()};
  Offsets state_rows{this->blocks.most_rows(), this->layout.state_row()};
  detail::Scratch<T> zeros{h_row()};
};

/// A task's memory: rows of sums of some steps; of h, of h after the step, of c, and of h before it
/// is projected.
template <class T>
struct ForwardScratch {
  ForwardScratch(const ForwardPlan<T>& p, T* memory) : pieces(memory) {
    const Index rows = p.blocks.most_rows(), state_row = p.layout.state_row();
    sums = pieces.take(p.most_pairs * p.layout.row());
    h = pieces.take(rows * p.h_row());
    next_h = pieces.take(rows * p.h_row());
    c = pieces.take(p.cell.has_c ? rows * state_row : 0);
    unprojected = pieces.take(p.projects() ? rows * state_row : 0);
  }
  Pieces<T> pieces;
  T *sums, *h, *next_h, *c, *unprojected;
};

/// One direction of one block.
template <class T>
class ForwardTask : RecurrentTask<T> {
 public:
  ForwardTask(ForwardPlan<T>& plan, int which, Index rows, T* memory, Index* x_rows)
      : RecurrentTask<T>(plan, which, plan.blocks[rows]),
        p_(plan),
        packed_(plan.packed[which]),
        own_(plan, memory),
        x_rows_(x_rows) {}

  void run() {
    const Index rows = block.rows;
    std::fill_n(own_.h, rows * p_.h_row(), T(0));
    std::fill_n(own_.next_h, rows * p_.h_row(), T(0));
    this->load(0, rows, of.h0, d.outputs, own_.h, p_.h_row());
    if (p_.cell.has_c) {
      std::fill_n(own_.c, rows * p_.layout.state_row(), T(0));
      this->load(0, rows, of.c0, d.s, own_.c, p_.layout.state_row());
    }
    Index active = block.active(0, rows), pair = block.first_pair;
    finish(active, rows);
    for (Index s = 0; s < block.steps();) {
      const Index end = packed_.joined > 0 ? s + 1 : multiply_input(s, active);
      for (T* sums = own_.sums; s < end; ++s) {
        step(s, active, sums, pair);
        sums += active * p_.layout.row();
        pair += active;
        const Index left = block.active(s + 1, active);
        finish(left, active);
        active = left;
      }
    }
    clear_padding();
  }

 private:
  using RecurrentTask<T>::d;
  using RecurrentTask<T>::of;
  using RecurrentTask<T>::direction;
  using RecurrentTask<T>::block;

  /// The sums' part of x, and the biases, for as many steps from s on as the scratch holds; gives
  /// the step after these. `active` rows take part in step s.
  Index multiply_input(Index s, Index active) {
    Index pairs = 0;
    for (Index n = active; n > 0 && (pairs == 0 || pairs + n <= p_.most_pairs);
         n = block.active(++s, n)) {
      for (Index i = 0; i < n; ++i) x_rows_[pairs + i] = this->x_offset(i, s);
      pairs += n;
    }
    const T* const bias = packed_.bias.data();
    const Index row = p_.layout.row();
    for (Index group = 0; group < p_.layout.groups(); ++group) {
      for (Index part = 0; part < p_.input.in_group(); ++part) {
        const Index column = p_.input.column(group, part);
        add_rows<T>(p_.tiles, pairs, p_.input.vectors(part),
                    {d.d, of.x, x_rows_, p_.columns.data(),
                     packed_.input.data() + p_.input.place(group, part, d.d), p_.input.width(part),
                     bias + column, 0, own_.sums + column, row});
      }
      // Sums to which x contributes nothing.
      const Index rest = p_.layout.at(group, p_.cell.input.first + p_.cell.input.count);
      const Index n = p_.layout.at(group + 1, 0) - rest;
      for (Index i = 0; i < pairs && n > 0; ++i) {
        std::copy_n(bias + rest, n, own_.sums + i * row + rest);
      }
    }
    return s;
  }

  void step(Index s, Index active, T* sums, Index pair) {
    const bool saves = of.saved != nullptr;
    const Index row = p_.layout.row();
    T* const c = saves && p_.cell.has_c ? p_.saved_c(direction, pair) : own_.c;
    T* const h = p_.projects() ? own_.unprojected : own_.next_h;
    const Index h_row = p_.projects() ? p_.layout.state_row() : p_.h_row();
    if (packed_.joined > 0) join_input(s, active);
    for (Index i = 0; i < p_.layout.groups(); ++i) {
      // There and back: the weights used last are still in the nearest cache.
      const Index group = s % 2 == 0 ? i : p_.layout.groups() - 1 - i;
      const Index u = group * p_.layout.width();
      for (Index part = 0; part < p_.recurrent.in_group(); ++part) {
        const Index column = p_.recurrent.column(group, part);
        const bool starts = packed_.joined > 0;
        add_rows<T>(
            p_.tiles, active, p_.recurrent.vectors(part),
            {packed_.depth, own_.h, p_.h_rows.data(), p_.step_columns.data(),
             packed_.recurrent.data() + p_.recurrent.place(group, part, packed_.depth),
             p_.recurrent.width(part), starts ? packed_.bias.data() + column : sums + column,
             starts ? 0 : row, sums + column, row});
      }
      p_.cell.forward({active, p_.layout.width(), sums + p_.layout.at(group, 0), row,
                       saves ? p_.saved_gates(direction, pair, active, group) : nullptr, own_.h + u,
                       own_.c + u, c + u, h + u, p_.h_row(), h_row, p_.layout.state_row()});
    }
    if (p_.projects()) project(active);
    std::swap(own_.h, own_.next_h);
    own_.c = c;
    for (Index i = 0; i < active; ++i) {
      std::copy_n(own_.h + i * p_.h_row(), d.outputs, this->y(i, this->time(i, s)));
    }
  }

  /// x behind h.
  void join_input(Index s, Index active) {
    T* const x = own_.h + p_.RecurrentPlan<T>::h_row();
    for (Index i = 0; i < active; ++i) {
      std::copy_n(of.x + this->x_offset(i, s), packed_.joined, x + i * p_.h_row());
    }
  }

  void project(Index active) {
    const Panels<T>& outputs = packed_.outputs;
    for (Index p = 0; p < outputs.count(); ++p) {
      add_rows<T>(p_.tiles, active, outputs.vectors(p),
                  {d.s, own_.unprojected, p_.state_rows.data(), p_.columns.data(),
                   packed_.projection.data() + outputs.place(p) * d.s, outputs.width(p),
                   p_.zeros.data(), 0, own_.next_h + outputs.begin(p), p_.h_row()});
    }
  }

  /// Rows [begin, end) have no step left.
  void finish(Index begin, Index end) {
    this->store(begin, end, own_.h, p_.h_row(), of.hn, d.outputs);
    if (p_.cell.has_c) this->store(begin, end, own_.c, p_.layout.state_row(), of.cn, d.s);
  }

  void clear_padding() {
    for (Index i = 0; i < block.rows; ++i) {
      for (Index time = block.lengths[i]; time < d.l; ++time) {
        std::fill_n(this->y(i, time), d.outputs, T(0));
      }
    }
  }

  ForwardPlan<T>& p_;
  PackedForward<T>& packed_;
  ForwardScratch<T> own_;
  Index* x_rows_;
};

}  // namespace

template <class T>
Index recurrent_saved_size(const CellKernels<T>& cell, const RecurrentDims& dims) {
  const RecurrentForward<T> none;
  const RecurrentPlan<T> plan(cell, dims, none, 0);
  return dims.directions * plan.blocks.pairs() * plan.saved_row();
}

template <class T>
void recurrent_forward(const CellKernels<T>& cell, const RecurrentDims& dims,
                       const RecurrentForward<T>& operands) {
  count_recurrent(dims, cell.input.count, operands);
  const detail::FlushDenormals flush;
  ForwardPlan<T> plan(cell, dims, operands);
  const Index tasks = dims.directions * plan.blocks.count();
  const Index size = ForwardScratch<T>(plan, nullptr).pieces.taken();
  detail::Scratch<Index> x_rows(tasks * plan.most_pairs);
  parallel_with_scratch<T>(
      tasks, plan.task_grain(tasks), size, [&](T* memory, Index begin, Index end) {
        for (Index task = begin; task < end; ++task) {
          ForwardTask<T>(plan, static_cast<int>(task % dims.directions), task / dims.directions,
                         memory, x_rows.data() + task * plan.most_pairs)
              .run();
        }
      });
}

#define TENON_INSTANTIATE(T)                                                           \
  template Index recurrent_saved_size<T>(const CellKernels<T>&, const RecurrentDims&); \
  template void recurrent_forward<T>(const CellKernels<T>&, const RecurrentDims&,      \
                                     const RecurrentForward<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::kernels
