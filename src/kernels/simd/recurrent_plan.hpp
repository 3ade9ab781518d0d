#pragma once

#include <utility>

#include "kernels/simd/add_tile.hpp"
#include "kernels/simd/recurrent_batch.hpp"
#include "kernels/simd/recurrent_layout.hpp"
#include "tenon/base/parallel.hpp"

namespace tenon::kernels {

/// Sequences of a block: few enough that there are tasks for several threads, enough for whole
/// tiles and to pay for reading the weights in every step. The shape alone decides.
inline Index block_rows(const RecurrentDims& d) {
  constexpr Index fewest = 8, most = 32, wanted_tasks = 8;
  return std::clamp((d.n * d.directions + wanted_tasks - 1) / wanted_tasks, fewest, most);
}

/// Hands out the pieces of one allocation, each of whole cache lines. With null it counts what they
/// need.
template <class T>
class Pieces {
 public:
  explicit Pieces(T* memory) : memory_(memory) {}
  T* take(Index n) {
    T* const piece = memory_ == nullptr ? nullptr : memory_ + taken_;
    taken_ += whole_lines(n);
    return piece;
  }
  Index taken() const { return taken_; }

  static Index whole_lines(Index n) {
    constexpr Index line = 64 / static_cast<Index>(sizeof(T));
    return (n + line - 1) / line * line;
  }

 private:
  T* memory_;
  Index taken_ = 0;
};

/// What forward and backward pass have in common.
template <class T>
struct RecurrentPlan {
  /// step_rows: rows, of one or some steps, that pass over a packed operand together.
  RecurrentPlan(const CellKernels<T>& kind, const RecurrentDims& dims,
                const RecurrentForward<T>& operands, Index step_rows)
      : cell(kind), d(dims), of(operands), most_pairs(std::max(step_rows, blocks.most_rows())) {}

  bool projects() const { return of.weights[0].w_hr != nullptr; }
  /// From one row of h to the next: what the gates make, unless that is projected.
  Index h_row() const {
    return projects() ? Pieces<T>::whole_lines(d.outputs) : layout.state_row();
  }
  /// What is saved of a sequence's step.
  Index saved_row() const { return layout.row() + (cell.has_c ? layout.state_row() : 0); }
  /// What a direction saved of a group's gates in a step of `rows` rows, with `pair` rows in the
  /// steps before: group after group, so that it is written and read as it lies.
  T* saved_gates(int direction, Index pair, Index rows, Index group) const {
    return of.saved + direction * blocks.pairs() * saved_row() + pair * layout.row() +
           group * rows * layout.group_size();
  }
  /// And of c, behind all gates.
  T* saved_c(int direction, Index pair) const {
    return saved_gates(direction, blocks.pairs(), 0, 0) + pair * layout.state_row();
  }

  /// Tasks, of so many, that a thread should get at least: less is done before another one is
  /// awake.
  Index task_grain(Index tasks) const {
    constexpr Index thread_work = 1 << 19;
    const Index all = d.directions * blocks.pairs() * layout.row() * (d.d + d.outputs);
    return std::max<Index>(1, thread_work * tasks / (all + 1));
  }

  const CellKernels<T>& cell;
  const RecurrentDims& d;
  const RecurrentForward<T>& of;
  const TileKernels<T>& kernels = tile_kernels<T>();
  const AddTileKernels<T>& tiles = add_tile_kernels<T>();
  GateLayout<T> layout{kernels, cell.stored, d.s};
  GatePanels<T> input{kernels, layout, cell.input};
  GatePanels<T> recurrent{kernels, layout, cell.recurrent};
  SequenceBlocks blocks{d, block_rows(d)};
  Index most_pairs;
};

/// Where one direction of one block finds things.
template <class T>
struct RecurrentTask {
  RecurrentTask(const RecurrentPlan<T>& plan, int which, const SequenceBlock& rows)
      : d(plan.d), of(plan.of), direction(which), block(rows) {}

  /// The direction's part of states (directions, N, n).
  template <class U>
  U* state(U* states, Index n) const {
    return states == nullptr ? nullptr : states + direction * d.n * n;
  }
  /// Where row i stands in step s of the direction.
  Index time(Index i, Index s) const { return direction == 1 ? block.lengths[i] - 1 - s : s; }
  Index x_offset(Index i, Index s) const {
    return block.order[i] * d.x_row + time(i, s) * d.x_step;
  }
  Index dx_offset(Index i, Index s) const {
    return block.order[i] * d.dx_row + time(i, s) * d.dx_step;
  }
  T* y(Index i, Index at) const {
    return of.y + block.order[i] * d.y_row + at * d.y_step + direction * d.outputs;
  }

  /// Rows [begin, end) of states (N, n), if there are any, to rows of `to`.
  void load(Index begin, Index end, const T* states, Index n, T* to, Index to_row) const {
    for (Index i = begin; i < end && states != nullptr; ++i) {
      std::copy_n(state(states, n) + block.order[i] * n, n, to + i * to_row);
    }
  }
  void store(Index begin, Index end, const T* from, Index from_row, T* states, Index n) const {
    for (Index i = begin; i < end && states != nullptr; ++i) {
      std::copy_n(from + i * from_row, n, state(states, n) + block.order[i] * n);
    }
  }

  const RecurrentDims& d;
  const RecurrentForward<T>& of;
  int direction;
  SequenceBlock block;
};

/// Asks for n values to be brought into the second-level cache: the rows of one step of different
/// sequences lie far apart, and the processor foresees only few of them.
template <class T>
void prefetch(const T* row, Index n) {
#if defined(__GNUC__)
  constexpr int reading = 0, second_level = 2;
  for (Index i = 0; i < n; i += 64 / static_cast<Index>(sizeof(T))) {
    __builtin_prefetch(row + i, reading, second_level);
  }
#endif
}

/// Values that a thread should pack at least.
inline constexpr Index packed_grain = 1 << 15;
inline Index pack_grain(Index values) {
  return std::max<Index>(1, packed_grain / std::max<Index>(1, values));
}

}  // namespace tenon::kernels
