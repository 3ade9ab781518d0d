#include "kernels/simd/conv2d_plan.hpp"
#include "kernels/simd/pack.hpp"
#include "tenon/base/denormals.hpp"
#include "tenon/base/memory.hpp"

namespace tenon::kernels {
namespace {

template <class T>
class Forward {
 public:
  Forward(const ConvPlan& plan, const T* x, const T* w, const T* b, const ConvEpilogue& epilogue,
          T* y)
      : plan_(plan),
        kernels_(tile_kernels<T>()),
        tiles_(plan.o, kernels_.rows),
        x_(x),
        b_(b),
        y_(y),
        relu_(epilogue.relu),
        offsets_(plan.depth),
        weights_(plan.d.o * plan.depth) {
    plan.tap_offsets(offsets_.data());
    for (Index group = 0; group < plan.d.groups; ++group) {
      const Index first = group * plan.o * plan.depth;
      pack_groups(kernels_, tiles_, w + first, 1, plan.depth, plan.depth, weights_.data() + first);
    }
  }

  /// Every task owns some panels of outputs of one unit of images and one group.
  void run() {
    const Index parts = plan_.parts(panels(0).count());
    const Index tasks = plan_.units * plan_.d.groups * parts;
    const Index grain = plan_.tasks_per_chunk(
        tasks, plan_.unit_images * plan_.positions * plan_.o * plan_.depth / parts);
    const Index width = panels(0).width(0);
    const Index columns_size = std::min(k_block, plan_.depth) * width;
    const Index scratch_size = whole_lines(plan_.staged_values() + columns_size + plan_.o * width);
    detail::Scratch<T> scratch(chunk_count(tasks, grain) * scratch_size);

    parallel_chunks(tasks, grain, [&](Index chunk, Index begin, Index end) {
      T* staged = scratch.data() + chunk * scratch_size;
      T* columns = staged + plan_.staged_values();
      for (Index task = begin; task < end; ++task) {
        const Index part = task % parts, group = task / parts % plan_.d.groups;
        const Index unit = task / parts / plan_.d.groups;
        const T* images = plan_.stage(x_, unit, group, staged);
        const Panels<T> all = panels(unit);
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
  Panels<T> panels(Index unit) const {
    return Panels<T>(kernels_, plan_.images_in(unit) * plan_.positions);
  }

  void run_panel(const Panels<T>& panels, Index panel, Index unit, Index group, const T* images,
                 T* columns, T* outputs) {
    const Index width = panels.width(panel), size = panels.size(panel);
    const ConvRuns runs(plan_, panels.begin(panel), size, kernels_.lanes);
    // Outputs of several images do not lie in one matrix: these are computed aside.
    const bool aside = !runs.in_one_image();
    TileStore<T> store{outputs, width, size};
    if (!aside) {
      store.c = plane(unit, *runs.begin(), group, 0);
      store.c_row = plan_.positions;
    }
    if (size < width) std::fill_n(columns, std::min(k_block, plan_.depth) * width, T(0));

    const EvenSplit depths(plan_.depth, k_block);
    for (Index part = 0; part < depths.count(); ++part) {
      const Index first = depths.begin(part), depth = depths.size(part);
      for (const ConvRun& run : runs) {
        kernels_.copy_runs(images + run.start, offsets_.data() + first, depth, run.n,
                           columns + run.column, width);
      }
      multiply(group, first, depth, columns, width, panels.vectors(panel), store);
    }
    if (aside) copy_out(runs, unit, group, outputs, width);
  }

  void multiply(Index group, Index first, Index depth, const T* columns, Index width, Index vectors,
                TileStore<T> store) {
    constexpr Index row_offsets[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    const bool last = first + depth == plan_.depth;
    T* c = store.c;
    store.accumulate = first > 0;
    store.relu = last && relu_;
    for (Index tile = 0; tile < tiles_.count(); ++tile) {
      const Index rows = tiles_.size(tile), o = tiles_.begin(tile);
      const T* weights = weights_.data() + (group * plan_.o + o) * plan_.depth + first * rows;
      store.c = c + o * store.c_row;
      store.row_bias = last && b_ != nullptr ? b_ + group * plan_.o + o : nullptr;
      kernels_.multiply[rows - 1][vectors - 1](weights, row_offsets, KLoops::single(depth, rows),
                                               columns, width, store);
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
  EvenSplit tiles_;  // of output channels
  const T* x_;
  const T* b_;
  T* y_;
  bool relu_;
  detail::Scratch<Index> offsets_;
  detail::Scratch<T> weights_;
};

/// Sums over nothing: the bias alone.
template <class T>
void fill_with_bias(const ConvPlan& plan, const T* b, bool relu, T* y) {
  for (Index k = 0; k < plan.d.n * plan.d.o * plan.positions; ++k) {
    const T v = b == nullptr ? T(0) : b[k / plan.positions % plan.d.o];
    y[k] = relu && v <= T(0) ? T(0) : v;
  }
}

}  // namespace

template <class T>
void conv2d_forward(const Conv2dDims& d, const T* x, const T* w, const T* b, T* y,
                    const ConvEpilogue& epilogue) {
  const detail::FlushDenormals flush;
  const ConvPlan plan(d);
  if (plan.empty()) return fill_with_bias(plan, b, epilogue.relu, y);
  Forward<T>(plan, x, w, b, epilogue, y).run();
}

#define TENON_INSTANTIATE(T)                                                           \
  template void conv2d_forward<T>(const Conv2dDims&, const T*, const T*, const T*, T*, \
                                  const ConvEpilogue&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::kernels
