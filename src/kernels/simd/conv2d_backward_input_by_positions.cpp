#include "kernels/simd/conv2d_by_positions.hpp"
#include "kernels/simd/pack.hpp"
#include "tenon/base/denormals.hpp"
#include "tenon/base/memory.hpp"

namespace tenon::kernels {
namespace {

/// The columns' gradient w^T dy, a tile at a time, every value of which is added to the pixel that
/// its output has read. Rows of the columns are taken in the order (p, q, c): neighbours of one
/// channel would add to overlapping pixels, each waiting for the one before.
template <class T>
class BackwardInput {
 public:
  BackwardInput(const ConvPlan& plan, const T* dy, const T* w, T* dx)
      : plan_(plan),
        kernels_(tile_kernels<T>()),
        panels_(plan),
        tiles_(plan.depth, panels_.rows()),
        dy_(dy),
        dx_(dx),
        taps_(plan.depth),
        planes_(plan.o),
        weights_(plan.d.groups * tiles_.padded() * plan.o) {
    for (Index o = 0; o < plan.o; ++o) planes_[o] = o * plan.positions;
    for (Index p = 0; p < k_block; ++p) weight_ks_[p] = p * tiles_.width();
    detail::Scratch<Index> offsets(plan.depth);
    plan.tap_offsets(offsets.data());
    for (Index r = 0; r < plan.depth; ++r) taps_[r] = offsets[by_channel(r)];
    detail::Scratch<T> reordered(plan.o * plan.depth);
    for (Index group = 0; group < plan.d.groups; ++group) {
      const Index first = group * plan.o * plan.depth;
      for (Index o = 0; o < plan.o; ++o) {
        const T* from = w + first + o * plan.depth;
        for (Index r = 0; r < plan.depth; ++r) reordered[o * plan.depth + r] = from[by_channel(r)];
      }
      pack_groups(kernels_, tiles_, reordered.data(), plan.depth, 1, plan.o,
                  weights_.data() + group * tiles_.padded() * plan.o);
    }
  }

  /// Every task owns the gradient of one unit of images and one group.
  void run() {
    const Index tasks = plan_.units * plan_.d.groups;
    const Index grain =
        plan_.tasks_per_chunk(tasks, plan_.unit_images * plan_.positions * plan_.o * plan_.depth);
    const Index width = panels_.widest();
    const Index tile_size = tiles_.width() * width;
    const Index scratch_size = whole_lines(plan_.staged_values() + plan_.o * width + tile_size);
    parallel_with_scratch<T>(tasks, grain, scratch_size, [&](T* staged, Index begin, Index end) {
      T* gradients = staged + plan_.staged_values();
      for (Index task = begin; task < end; ++task) {
        const Index unit = task / plan_.d.groups, group = task % plan_.d.groups;
        T* images = start(unit, group, staged);
        const Panels<T> all = panels_[unit];
        for (Index panel = 0; panel < all.count(); ++panel) {
          run_panel(all, panel, unit, group, images, gradients, gradients + plan_.o * width);
        }
        if (!plan_.direct) plan_.unstage(staged, unit, group, dx_);
      }
    });
  }

 private:
  /// The row (c, p, q) of the r-th one in the order (p, q, c).
  Index by_channel(Index r) const { return r % plan_.c * plan_.taps + r / plan_.c; }

  /// Where the gradient of the unit is summed: zeros.
  T* start(Index unit, Index group, T* staged) {
    if (!plan_.direct)
      return std::fill_n(staged, plan_.images_in(unit) * plan_.image, T(0)), staged;
    T* first = dx_ + (unit * plan_.unit_images * plan_.d.groups + group) * plan_.image;
    for (Index n = 0; n < plan_.images_in(unit); ++n) {
      std::fill_n(first + n * plan_.image_step(), plan_.image, T(0));
    }
    return first;
  }

  void run_panel(const Panels<T>& panels, Index panel, Index unit, Index group, T* images,
                 T* gradients, T* tile_values) {
    constexpr Index rows[] = {0, 1, 2, 3, 4, 5, 6, 7};
    const Index width = panels.width(panel), size = panels.size(panel);
    const ConvRuns runs(plan_, panels.begin(panel), size, kernels_.lanes);
    // A whole panel of one image is read where it lies: it serves few tiles.
    const bool in_place = size == width && runs.in_one_image();
    const T* rows_of_dy = in_place ? plane_of_dy(unit, *runs.begin(), group) : gradients;
    const Index dy_row = in_place ? plan_.positions : width;
    if (!in_place) copy_gradients(runs, unit, group, size, width, gradients);
    Index sum_rows[TileKernels<T>::most_rows];
    for (Index r = 0; r < tiles_.width(); ++r) sum_rows[r] = r * width;
    const EvenSplit depths(plan_.o, k_block);
    for (Index tile = 0; tile < tiles_.count(); ++tile) {
      const Index height = tiles_.size(tile), first = tiles_.begin(tile);
      const T* weights = weights_.data() + (group * tiles_.padded() + tiles_.place(tile)) * plan_.o;
      for (Index part = 0; part < depths.count(); ++part) {
        const Index o = depths.begin(part);
        kernels_.multiply[height - 1][panels.vectors(panel) - 1](
            {weights + o * tiles_.width(), rows, weight_ks_}, depths.size(part),
            rows_of_dy + o * dy_row, dy_row, {tile_values, sum_rows, width, part > 0});
      }
      for (const ConvRun& run : runs) {
        kernels_.add_runs(tile_values + run.column, width, taps_.data() + first, height, run.n,
                          images + run.start);
      }
    }
  }

  void copy_gradients(const ConvRuns& runs, Index unit, Index group, Index size, Index width,
                      T* gradients) {
    if (size < width) std::fill_n(gradients, plan_.o * width, T(0));
    for (const ConvRun& run : runs) {
      kernels_.copy_runs(plane_of_dy(unit, run, group), planes_.data(), plan_.o, run.n,
                         gradients + run.column, width);
    }
  }

  /// The run's first output in the first channel of the group.
  const T* plane_of_dy(Index unit, const ConvRun& run, Index group) const {
    const Index n = unit * plan_.unit_images + run.image;
    return dy_ + (n * plan_.d.groups + group) * plan_.o * plan_.positions + run.position;
  }

  const ConvPlan& plan_;
  const TileKernels<T>& kernels_;
  UnitPanels<T> panels_;  // of outputs
  EvenSplit tiles_;       // of the columns' rows
  const T* dy_;
  T* dx_;
  Index weight_ks_[k_block];  // offsets of k in a packed tile
  detail::Scratch<Index> taps_, planes_;
  detail::Scratch<T> weights_;
};

}  // namespace

template <class T>
void conv2d_backward_input_by_positions(const ConvPlan& plan, const T* dy, const T* w, T* dx) {
  BackwardInput<T>(plan, dy, w, dx).run();
}

#define TENON_INSTANTIATE(T) \
  template void conv2d_backward_input_by_positions<T>(const ConvPlan&, const T*, const T*, T*);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::kernels
