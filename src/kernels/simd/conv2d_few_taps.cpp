#include "kernels/simd/conv2d_few_taps.hpp"

#include "kernels/simd/columns.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/base/parallel.hpp"

namespace tenon::kernels {
namespace {

/// Columns that are laid out at once: they stay in the second-level cache, and sums of dw that go
/// through many of them in registers are worth more than the first.
constexpr Index block_values = 24576;
/// Parts of a sum of dw, where there is so much work.
constexpr Index most_sums = 16;

/// The columns of blocks of rows of outputs: unit k is block k % blocks of sample k / blocks.
struct Columns {
  const ConvPlan& plan;
  const ColumnKernels& kernels = column_kernels();
  EvenSplit blocks;  // of rows of outputs
  Index units;
  Index row;  // of the columns
  detail::Scratch<Index> offsets;

  explicit Columns(const ConvPlan& p)
      : plan(p),
        blocks(p.d.out_h, std::max<Index>(1, block_values / (p.depth * p.d.out_w))),
        units(p.d.n * blocks.count()),
        row(whole_lines(blocks.width() * p.d.out_w + kernels.lanes)),
        offsets(p.depth) {
    plan.tap_offsets(offsets.data());
  }

  Index work() const { return blocks.width() * plan.d.out_w * plan.o * plan.depth; }

  /// Calls f(n, first position, positions, columns) for the units [begin, end).
  template <class F>
  void for_each(const float* x, Index begin, Index end, float* scratch, const F& f) const {
    float* columns = scratch + plan.staged_values();
    const float* image = nullptr;
    for (Index unit = begin; unit < end; ++unit) {
      const Index n = unit / blocks.count(), block = unit % blocks.count();
      if (unit == begin || block == 0) image = plan.stage(x, n, 0, scratch);
      const Index i = blocks.begin(block), rows = blocks.size(block);
      kernels.copy({image + plan.start(0, i, 0), plan.d.stride_h * plan.row, offsets.data(),
                    plan.depth, rows, plan.d.out_w},
                   columns, row);
      f(n, i * plan.d.out_w, rows * plan.d.out_w, columns);
    }
  }
  Index scratch_size() const { return plan.staged_values() + plan.depth * row; }
};

}  // namespace

void conv2d_forward_few_taps(const ConvPlan& plan, const float* x, const float* w, const float* b,
                             const ConvEpilogue& epilogue, float* y) {
  const Columns columns(plan);
  const Index grain = plan.tasks_per_chunk(columns.units, columns.work());
  // Every unit has rows of the planes of y of its own.
  parallel_with_scratch<float>(
      columns.units, grain, columns.scratch_size(), [&](float* scratch, Index begin, Index end) {
        columns.for_each(
            x, begin, end, scratch, [&](Index n, Index first, Index size, const float* values) {
              columns.kernels.multiply({values, columns.row, plan.depth, size, w, b, epilogue.relu,
                                        y + n * plan.o * plan.positions + first, plan.positions,
                                        plan.o});
            });
      });
}

void conv2d_backward_weight_few_taps(const ConvPlan& plan, const float* dy, const float* x,
                                     float* dw) {
  const Columns columns(plan);
  const EvenSplit parts(columns.units, (columns.units + most_sums - 1) / most_sums);
  const Index weights = plan.o * plan.depth, step = weights * columns.kernels.lanes;
  detail::Scratch<float> sums(parts.count() * step);
  // Every part of the units has sums of its own; dw is their total, in their order.
  const Index grain = plan.tasks_per_chunk(parts.count(), parts.width() * columns.work());
  parallel_with_scratch<float>(
      parts.count(), grain, columns.scratch_size(), [&](float* scratch, Index begin, Index end) {
        for (Index part = begin; part < end; ++part) {
          float* own = sums.data() + part * step;
          std::fill_n(own, step, 0.0f);
          columns.for_each(x, parts.begin(part), parts.begin(part) + parts.size(part), scratch,
                           [&](Index n, Index first, Index size, const float* values) {
                             columns.kernels.add_dots(
                                 {values, columns.row, plan.depth, size,
                                  dy + n * plan.o * plan.positions + first, plan.positions, plan.o},
                                 own);
                           });
        }
      });
  columns.kernels.add_up(sums.data(), parts.count(), step, weights, dw);
}

}  // namespace tenon::kernels
