#include <concepts>

#include "kernels/simd/conv2d_depthwise.hpp"
#include "kernels/simd/conv2d_few_taps.hpp"
#include "kernels/simd/conv2d_plan.hpp"
#include "kernels/simd/conv2d_sparse.hpp"
#include "kernels/simd/conv2d_winograd.hpp"
#include "kernels/simd/pack.hpp"
#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"
#include "tenon/base/memory.hpp"

namespace tenon::kernels {
namespace {

/// Tasks that the work is divided in, where there is so much.
constexpr Index wanted_tasks = 16;
constexpr Index cheap_grain = 1 << 14;

/// dw^T = columns dy^T. The transposed dy is packed; the columns are read from the images. Outputs
/// that are summed together follow each other from the first of an image or of a row on, so that
/// their pixels lie as the first ones' do.
template <class T>
class BackwardWeight {
 public:
  BackwardWeight(const ConvPlan& plan, const T* dy, const T* x)
      : plan_(plan),
        kernels_(tile_kernels<T>()),
        panels_(kernels_, plan.o),
        tiles_(plan.depth, panels_.rows(kernels_)),
        units_(plan.units, chunk_units(plan, panels_)),
        dy_(dy),
        x_(x),
        taps_(plan.depth),
        starts_(plan.unit_images * plan.positions),
        sums_(units_.count() * sum_size() * plan.d.groups) {
    plan.tap_offsets(taps_.data());
    plan.starts(starts_.data());
  }

  /// Every task owns one panel of one chunk's sum; dw is the sum of the chunks, in their order.
  void run(T* dw) {
    const Index tasks = units_.count() * plan_.d.groups * panels_.count();
    const Index width = panels_.width(0);
    const Index work = units_.size(0) * plan_.unit_images * plan_.positions * width * plan_.depth;
    const Index grain = plan_.tasks_per_chunk(tasks, work);
    const Index scratch_size = whole_lines(plan_.staged_values() + block_positions() * width);
    parallel_with_scratch<T>(tasks, grain, scratch_size, [&](T* staged, Index begin, Index end) {
      for (Index task = begin; task < end; ++task) {
        const Index panel = task % panels_.count(), rest = task / panels_.count();
        run_task(rest / plan_.d.groups, rest % plan_.d.groups, panel, staged,
                 staged + plan_.staged_values());
      }
    });
    finish(dw);
  }

 private:
  static Index chunk_units(const ConvPlan& plan, const Panels<T>& panels) {
    const Index chunks = std::max<Index>(1, wanted_tasks / (plan.d.groups * panels.count()));
    return (plan.units + chunks - 1) / chunks;
  }
  Index sum_size() const { return plan_.depth * panels_.padded(); }

  /// Outputs are summed in registers in blocks: several images, or some rows of one.
  Index block_rows() const { return std::clamp<Index>(k_block / plan_.d.out_w, 1, plan_.d.out_h); }
  Index block_images() const {
    return block_rows() < plan_.d.out_h
               ? 1
               : std::clamp<Index>(k_block / plan_.positions, 1, plan_.unit_images);
  }
  Index block_positions() const { return block_images() * block_rows() * plan_.d.out_w; }

  void run_task(Index chunk, Index group, Index panel, T* staged, T* gradients) {
    T* sum = sums_.data() + (chunk * plan_.d.groups + group) * sum_size() +
             panels_.begin(panel) * plan_.depth;
    bool first = true;
    for (Index k = 0; k < units_.size(chunk); ++k) {
      const Index unit = units_.begin(chunk) + k;
      const T* images = plan_.stage(x_, unit, group, staged);
      for (Index n = 0; n < plan_.images_in(unit); n += block_images()) {
        const Index step = std::min(block_images(), plan_.images_in(unit) - n);
        for (Index i = 0; i < plan_.d.out_h; i += block_rows()) {
          const Index rows = std::min(block_rows(), plan_.d.out_h - i);
          pack_gradients(unit * plan_.unit_images + n, step, group, i, rows, panel, gradients);
          multiply(images + plan_.start(n, i, 0), step, rows, panel, gradients, sum, !first);
          first = false;
        }
      }
    }
  }

  /// The transposed rows [i, i + rows) of dy of `count` samples from n on.
  void pack_gradients(Index n, Index count, Index group, Index i, Index rows, Index panel,
                      T* gradients) {
    const Index width = panels_.width(panel), values = rows * plan_.d.out_w;
    for (Index k = 0; k < count; ++k) {
      const Index o = group * plan_.o + panels_.begin(panel);
      const T* from = dy_ + ((n + k) * plan_.d.o + o) * plan_.positions + i * plan_.d.out_w;
      kernels_.pack(from, 1, plan_.positions, values, panels_.size(panel),
                    gradients + k * values * width, width);
    }
  }

  void multiply(const T* images, Index count, Index rows, Index panel, const T* gradients, T* sum,
                bool accumulate) {
    const Index width = panels_.width(panel), positions = count * rows * plan_.d.out_w;
    for (Index tile = 0; tile < tiles_.count(); ++tile) {
      const Index first = tiles_.begin(tile), height = tiles_.size(tile);
      Index sum_rows[TileKernels<T>::most_rows];
      for (Index r = 0; r < height; ++r) sum_rows[r] = r * width;
      kernels_.multiply[height - 1][panels_.vectors(panel) - 1](
          {images, taps_.data() + first, starts_.data()}, positions, gradients, width,
          {sum + first * width, sum_rows, width, accumulate});
    }
  }

  /// dw[o][r] = the sum over chunks of sums[r][o].
  void finish(T* dw) {
    const Index all = sum_size() * plan_.d.groups;
    T* total = sums_.data();
    parallel_for(units_.count() > 1 ? all : 0, cheap_grain, [&](Index begin, Index end) {
      for (Index chunk = 1; chunk < units_.count(); ++chunk) {
        const T* sum = total + chunk * all;
        for (Index i = begin; i < end; ++i) total[i] += sum[i];
      }
    });
    for (Index group = 0; group < plan_.d.groups; ++group) {
      for (Index panel = 0; panel < panels_.count(); ++panel) {
        const Index o = panels_.begin(panel);
        kernels_.pack(total + group * sum_size() + o * plan_.depth, 1, panels_.width(panel),
                      panels_.size(panel), plan_.depth, dw + (group * plan_.o + o) * plan_.depth,
                      plan_.depth);
      }
    }
  }

  const ConvPlan& plan_;
  const TileKernels<T>& kernels_;
  Panels<T> panels_;  // of output channels
  EvenSplit tiles_;   // of the columns' rows
  EvenSplit units_;   // of images, in chunks
  const T* dy_;
  const T* x_;
  detail::Scratch<Index> taps_, starts_;
  detail::Scratch<T> sums_;
};

}  // namespace

template <class T>
void conv2d_backward_weight(const Conv2dDims& d, const T* dy, const T* x, T* dw) {
  count_conv2d<T>(d);
  const detail::FlushDenormals flush;
  if constexpr (std::same_as<T, float>) {
    if (conv2d_sparse_backward_weight(d, dy, x, dw)) return;
    const bool pays = is_winograd(d) && winograd_pays(winograd_forward(d), d.out_h * d.out_w);
    if (pays && conv2d_winograd_backward_weight(d, dy, x, dw)) return;
  }
  const ConvPlan plan(d);
  if (plan.empty()) return std::fill(dw, dw + d.o * plan.depth, T(0)), void();
  if (is_depthwise(plan)) return conv2d_backward_weight_depthwise(plan, dy, x, dw);
  if constexpr (std::same_as<T, float>) {
    if (is_of_few_taps(plan)) return conv2d_backward_weight_few_taps(plan, dy, x, dw);
  }
  BackwardWeight<T>(plan, dy, x).run(dw);
}

#define TENON_INSTANTIATE(T) \
  template void conv2d_backward_weight<T>(const Conv2dDims&, const T*, const T*, T*);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::kernels
