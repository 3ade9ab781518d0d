#include "kernels/simd/conv2d_by_positions.hpp"
#include "kernels/simd/pack.hpp"
#include "tenon/base/denormals.hpp"
#include "tenon/base/memory.hpp"

namespace tenon::kernels {
namespace {

/// y = w columns, tile by tile: rows are channels o, columns are outputs (n, i, j) of a unit of
/// images, and k runs over the taps (c, p, q).
template <class T>
class Forward {
 public:
  Forward(const ConvPlan& plan, const WeightTiles<T>& weights, const T* x, const T* b,
          const ConvEpilogue& epilogue, T* y)
      : plan_(plan),
        kernels_(tile_kernels<T>()),
        panels_(plan),
        tiles_(weights.tiles),
        x_(x),
        b_(b),
        y_(y),
        relu_(epilogue.relu),
        offsets_(weights.offsets.data()),
        weights_(weights.values.data()) {
    for (Index p = 0; p < k_block; ++p) weight_ks_[p] = p * tiles_.width();
  }

  /// Every task owns some panels of outputs of one unit of images and one group.
  void run() {
    const Index parts = plan_.parts(panels_[0].count());
    const Index tasks = plan_.units * plan_.d.groups * parts;
    const Index grain = plan_.tasks_per_chunk(
        tasks, plan_.unit_images * plan_.positions * plan_.o * plan_.depth / parts);
    const Index width = panels_.widest();
    const Index columns_size = std::min(k_block, plan_.depth) * width;
    const Index scratch_size = whole_lines(plan_.staged_values() + columns_size + plan_.o * width);
    parallel_with_scratch<T>(tasks, grain, scratch_size, [&](T* staged, Index begin, Index end) {
      T* columns = staged + plan_.staged_values();
      for (Index task = begin; task < end; ++task) {
        const Index part = task % parts, group = task / parts % plan_.d.groups;
        const Index unit = task / parts / plan_.d.groups;
        const T* images = plan_.stage(x_, unit, group, staged);
        const Panels<T> all = panels_[unit];
        const EvenSplit split(all.count(), (all.count() + parts - 1) / parts);
        if (part >= split.count()) continue;
        for (Index k = 0; k < split.size(part); ++k) {
          run_panel(all, split.begin(part) + k, unit, group, images, columns,
                    columns + columns_size);
        }
      }
    });
  }

 private:
  void run_panel(const Panels<T>& panels, Index panel, Index unit, Index group, const T* images,
                 T* columns, T* outputs) {
    const Index width = panels.width(panel), size = panels.size(panel);
    const ConvRuns runs(plan_, panels.begin(panel), size, kernels_.lanes);
    // Outputs of several images do not lie in one matrix: these are computed aside.
    const bool aside = !runs.in_one_image();
    T* c = aside ? outputs : plane(unit, *runs.begin(), group, 0);
    const Index c_row = aside ? width : plan_.positions;
    if (size < width) std::fill_n(columns, std::min(k_block, plan_.depth) * width, T(0));

    const EvenSplit depths(plan_.depth, k_block);
    for (Index part = 0; part < depths.count(); ++part) {
      const Index first = depths.begin(part), depth = depths.size(part);
      for (const ConvRun& run : runs) {
        kernels_.copy_runs(images + run.start, offsets_ + first, depth, run.n, columns + run.column,
                           width);
      }
      multiply(group, first, depth, columns, panels, panel, c, c_row);
    }
    if (aside) copy_out(runs, unit, group, outputs, width);
  }

  void multiply(Index group, Index first, Index depth, const T* columns, const Panels<T>& panels,
                Index panel, T* c, Index c_row) {
    constexpr Index rows[] = {0, 1, 2, 3, 4, 5, 6, 7};
    Index c_rows[TileKernels<T>::most_rows];
    for (Index r = 0; r < tiles_.width(); ++r) c_rows[r] = r * c_row;
    const bool last = first + depth == plan_.depth;
    for (Index tile = 0; tile < tiles_.count(); ++tile) {
      const Index o = tiles_.begin(tile), height = tiles_.size(tile);
      const T* weights = weights_ + (group * tiles_.padded() + tiles_.place(tile)) * plan_.depth;
      TileStore<T> store{c + o * c_row, c_rows, panels.size(panel), first > 0};
      store.relu = last && relu_;
      store.row_bias = last && b_ != nullptr ? b_ + group * plan_.o + o : nullptr;
      kernels_.multiply[height - 1][panels.vectors(panel) - 1](
          {weights + first * tiles_.width(), rows, weight_ks_}, depth, columns, panels.width(panel),
          store);
    }
  }

  void copy_out(const ConvRuns& runs, Index unit, Index group, const T* outputs, Index width) {
    for (const ConvRun& run : runs) {
      for (Index o = 0; o < plan_.o; ++o) {
        std::copy_n(outputs + o * width + run.column, run.n, plane(unit, run, group, o));
      }
    }
  }

  T* plane(Index unit, const ConvRun& run, Index group, Index o) {
    const Index n = unit * plan_.unit_images + run.image;
    return y_ + ((n * plan_.d.groups + group) * plan_.o + o) * plan_.positions + run.position;
  }

  const ConvPlan& plan_;
  const TileKernels<T>& kernels_;
  UnitPanels<T> panels_;  // of outputs
  EvenSplit tiles_;       // of output channels
  const T* x_;
  const T* b_;
  T* y_;
  bool relu_;
  Index weight_ks_[k_block];  // offsets of k in a packed tile
  const Index* offsets_;
  const T* weights_;
};

}  // namespace

template <class T>
WeightTiles<T>::WeightTiles(const ConvPlan& plan, const T* w)
    : most_rows(UnitPanels<T>(plan).rows()),
      tiles(plan.o, most_rows),
      offsets(plan.depth),
      values(plan.d.groups * tiles.padded() * plan.depth) {
  plan.tap_offsets(offsets.data());
  for (Index group = 0; group < plan.d.groups; ++group) {
    pack_groups(tile_kernels<T>(), tiles, w + group * plan.o * plan.depth, 1, plan.depth,
                plan.depth, values.data() + group * tiles.padded() * plan.depth);
  }
}

template <class T>
void conv2d_forward_by_positions(const ConvPlan& plan, const WeightTiles<T>& weights, const T* x,
                                 const T* b, const ConvEpilogue& epilogue, T* y) {
  Forward<T>(plan, weights, x, b, epilogue, y).run();
}

#define TENON_INSTANTIATE(T)                                                                     \
  template struct WeightTiles<T>;                                                                \
  template void conv2d_forward_by_positions<T>(const ConvPlan&, const WeightTiles<T>&, const T*, \
                                               const T*, const ConvEpilogue&, T*);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::kernels
