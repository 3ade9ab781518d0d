#include "kernels/simd/conv2d_by_positions.hpp"
#include "kernels/simd/conv2d_depthwise.hpp"
#include "kernels/simd/pack.hpp"
#include "tenon/base/denormals.hpp"
#include "tenon/base/memory.hpp"

namespace tenon::kernels {
namespace {

/// Outputs that are finished before they are transposed: with a panel's channels they fit the
/// second-level cache, and many tiles share the panel's weights.
constexpr Index position_block = 448;

/// y^T = columns^T w^T, tile by tile: rows are outputs (n, i, j) of a unit of images, columns are
/// channels o, and k runs over the taps (c, p, q). Finished blocks (outputs, channels) are
/// transposed to the planes of y (N, O, H', W').
template <class T>
class Forward {
 public:
  Forward(const ConvPlan& plan, const T* x, const T* w, const T* b, const ConvEpilogue& epilogue,
          T* y)
      : plan_(plan),
        kernels_(tile_kernels<T>()),
        panels_(kernels_, plan.o),
        x_(x),
        b_(b),
        y_(y),
        relu_(epilogue.relu),
        taps_(plan.depth),
        starts_(plan.unit_images * plan.positions),
        weights_(plan.d.groups * panels_.padded() * plan.depth) {
    plan.tap_offsets(taps_.data());
    plan.starts(starts_.data());
    for (Index group = 0; group < plan.d.groups; ++group) {
      pack_groups(kernels_, panels_, w + group * plan.o * plan.depth, 1, plan.depth, plan.depth,
                  weights_.data() + group * panels_.padded() * plan.depth);
    }
  }

  /// Every task owns some blocks of the outputs of one unit of images and one group.
  void run() {
    const Index parts = plan_.parts(blocks(0).count());
    const Index tasks = plan_.units * plan_.d.groups * parts;
    const Index grain = plan_.tasks_per_chunk(
        tasks, plan_.unit_images * plan_.positions * plan_.o * plan_.depth / parts);
    const Index scratch_size =
        plan_.staged_values() + whole_lines(blocks(0).width() * panels_.width(0));
    detail::Scratch<T> scratch(chunk_count(tasks, grain) * scratch_size);

    parallel_chunks(tasks, grain, [&](Index chunk, Index begin, Index end) {
      T* staged = scratch.data() + chunk * scratch_size;
      for (Index task = begin; task < end; ++task) {
        const Index part = task % parts, group = task / parts % plan_.d.groups;
        const Index unit = task / parts / plan_.d.groups;
        const EvenSplit all = blocks(unit), own(all.count(), (all.count() + parts - 1) / parts);
        if (part >= own.count()) continue;
        const T* images = plan_.stage(x_, unit, group, staged);
        for (Index k = own.begin(part); k < own.begin(part) + own.size(part); ++k) {
          run_block(unit, group, images, all.begin(k), all.size(k), staged + plan_.staged_values());
        }
      }
    });
  }

 private:
  EvenSplit blocks(Index unit) const {
    return EvenSplit(plan_.images_in(unit) * plan_.positions, position_block);
  }

  /// The outputs [first, first + count) of a unit.
  void run_block(Index unit, Index group, const T* images, Index first, Index count, T* outputs) {
    const EvenSplit tiles(count, panels_.rows(kernels_)), depths(plan_.depth, k_block);
    for (Index panel = 0; panel < panels_.count(); ++panel) {
      for (Index part = 0; part < depths.count(); ++part) {
        const Index p = depths.begin(part), depth = depths.size(part);
        for (Index tile = 0; tile < tiles.count(); ++tile) {
          run_tile(group, images, panel, p, depth, first + tiles.begin(tile), tiles.size(tile),
                   outputs + tiles.begin(tile) * panels_.width(panel));
        }
      }
      copy_out(unit, group, panel, first, count, outputs);
    }
  }

  void run_tile(Index group, const T* images, Index panel, Index p, Index depth, Index first,
                Index rows, T* outputs) {
    const Index width = panels_.width(panel), o = panels_.begin(panel);
    Index output_rows[TileKernels<T>::most_rows];
    for (Index r = 0; r < rows; ++r) output_rows[r] = r * width;
    TileStore<T> store{outputs, output_rows, width, p > 0};
    if (p + depth == plan_.depth) {
      store.relu = relu_;
      if (b_ != nullptr) {
        store.columns = panels_.size(panel);
        store.bias = b_ + group * plan_.o + o;
      }
    }
    const T* weights = weights_.data() + (group * panels_.padded() + o) * plan_.depth + p * width;
    kernels_.multiply[rows - 1][panels_.vectors(panel) - 1](
        {images, starts_.data() + first, taps_.data() + p}, depth, weights, width, store);
  }

  /// From (position, channel) to planes of y.
  void copy_out(Index unit, Index group, Index panel, Index first, Index count, const T* outputs) {
    const Index width = panels_.width(panel), o = group * plan_.o + panels_.begin(panel);
    for (Index done = 0; done < count;) {
      const Index image = (first + done) / plan_.positions;
      const Index position = (first + done) % plan_.positions;
      const Index n = std::min(plan_.positions - position, count - done);
      T* y = y_ + ((unit * plan_.unit_images + image) * plan_.d.o + o) * plan_.positions + position;
      kernels_.transpose(outputs + done * width, width, panels_.size(panel), n, y, plan_.positions);
      done += n;
    }
  }

  const ConvPlan& plan_;
  const TileKernels<T>& kernels_;
  Panels<T> panels_;  // of output channels
  const T* x_;
  const T* b_;
  T* y_;
  bool relu_;
  detail::Scratch<Index> taps_, starts_;
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
  if (is_depthwise(plan)) return conv2d_forward_depthwise(plan, x, w, b, epilogue, y);
  if (is_better_by_positions(plan)) {
    return conv2d_forward_by_positions(plan, x, w, b, epilogue, y);
  }
  Forward<T>(plan, x, w, b, epilogue, y).run();
}

#define TENON_INSTANTIATE(T)                                                           \
  template void conv2d_forward<T>(const Conv2dDims&, const T*, const T*, const T*, T*, \
                                  const ConvEpilogue&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::kernels
