#include <concepts>
#include <utility>

#include "kernels/simd/conv2d_by_positions.hpp"
#include "kernels/simd/conv2d_depthwise.hpp"
#include "kernels/simd/conv2d_sparse.hpp"
#include "kernels/simd/conv2d_winograd.hpp"
#include "kernels/simd/pack.hpp"
#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"
#include "tenon/base/memory.hpp"

namespace tenon::kernels {
namespace {

/// A convolution of stride 1 is turned round: dx is the convolution of dy with the flipped weights,
/// which wastes what lies in dy's padding. True where that is little, and where packing dy serves
/// enough channels.
bool is_better_turned_round(const ConvPlan& plan) {
  const Conv2dDims& d = plan.d;
  return plan.c >= 16 && d.stride_h == 1 && d.stride_w == 1 &&
         d.pad_h <= d.dilation_h * (d.kh - 1) && d.pad_w <= d.dilation_w * (d.kw - 1) &&
         8 * d.h * d.w <= 9 * plan.positions;
}

template <class T>
void turned_round(const ConvPlan& plan, const T* dy, const T* w, const T* b, T* dx) {
  const Conv2dDims& d = plan.d;
  detail::Scratch<T> flipped(d.o * plan.depth);
  for (Index group = 0; group < d.groups; ++group) {
    const T* from = w + group * plan.o * plan.depth;
    T* to = flipped.data() + group * plan.o * plan.depth;
    for (Index o = 0; o < plan.o; ++o) {
      for (Index c = 0; c < plan.c; ++c) {
        std::reverse_copy(from + (o * plan.c + c) * plan.taps,
                          from + (o * plan.c + c + 1) * plan.taps,
                          to + (c * plan.o + o) * plan.taps);
      }
    }
  }
  Conv2dDims turned = d;
  std::swap(turned.c, turned.o);
  std::swap(turned.h, turned.out_h);
  std::swap(turned.w, turned.out_w);
  turned.pad_h = d.dilation_h * (d.kh - 1) - d.pad_h;
  turned.pad_w = d.dilation_w * (d.kw - 1) - d.pad_w;
  convolve<T>(turned, dy, flipped.data(), b, dx, {});
}

/// Tap by tap, the columns' gradient w^T dy is added to the pixels that the outputs have read,
/// which hold the bias or zero at first:
///   dx^T[start(n, i, j) + tap][c] += sum_o dy[n, o, i, j] w[o, c, tap].
template <class T>
class BackwardInput {
 public:
  BackwardInput(const ConvPlan& plan, const T* dy, const T* w, const T* b, T* dx)
      : plan_(plan),
        kernels_(tile_kernels<T>()),
        panels_(kernels_, plan.c),
        dy_(dy),
        b_(b),
        dx_(dx),
        taps_(plan.depth),
        starts_(plan.unit_images * plan.positions),
        outputs_(plan.unit_images * plan.positions),
        planes_(plan.o),
        weights_(plan.d.groups * plan.taps * panels_.padded() * plan.o) {
    plan.tap_offsets(taps_.data());
    plan.starts_in_plane(starts_.data());
    for (Index k = 0; k < plan.unit_images * plan.positions; ++k) {
      outputs_[k] = k / plan.positions * plan.d.o * plan.positions + k % plan.positions;
    }
    for (Index o = 0; o < plan.o; ++o) planes_[o] = o * plan.positions;
    for (Index group = 0; group < plan.d.groups; ++group) {
      for (Index tap = 0; tap < plan.taps; ++tap) {
        pack_groups(kernels_, panels_, w + group * plan.o * plan.depth + tap, plan.depth, plan.taps,
                    plan.o, weights(group, tap));
      }
    }
  }

  /// Every task owns the gradient of one unit of images and one group.
  void run() {
    const Index tasks = plan_.units * plan_.d.groups;
    const Index grain =
        plan_.tasks_per_chunk(tasks, plan_.unit_images * plan_.positions * plan_.o * plan_.depth);
    const Index pixels = plan_.unit_images * plan_.plane;
    const Index sums_size = whole_lines(pixels * panels_.width(0));
    const Index scratch_size = sums_size + plan_.staged_values();
    parallel_with_scratch<T>(tasks, grain, scratch_size, [&](T* sums, Index begin, Index end) {
      T* staged = sums + sums_size;
      for (Index task = begin; task < end; ++task) {
        const Index unit = task / plan_.d.groups, group = task % plan_.d.groups;
        for (Index panel = 0; panel < panels_.count(); ++panel) {
          run_panel(unit, group, panel, sums);
          copy_out(unit, group, panel, sums, staged);
        }
        if (!plan_.direct) plan_.unstage(staged, unit, group, dx_);
      }
    });
  }

 private:
  T* weights(Index group, Index tap) {
    return weights_.data() + (group * plan_.taps + tap) * panels_.padded() * plan_.o;
  }

  void run_panel(Index unit, Index group, Index panel, T* sums) {
    const Index width = panels_.width(panel);
    const Index n = plan_.images_in(unit);
    start_sums(group, panel, n * plan_.plane, sums);
    const T* dy =
        dy_ + (unit * plan_.unit_images * plan_.d.groups + group) * plan_.o * plan_.positions;
    const EvenSplit tiles(n * plan_.positions, panels_.rows(kernels_)), depths(plan_.o, k_block);
    for (Index tap = 0; tap < plan_.taps; ++tap) {
      const T* rows = weights(group, tap) + panels_.begin(panel) * plan_.o;
      T* pixels = sums + taps_[tap] * width;
      for (Index part = 0; part < depths.count(); ++part) {
        const Index o = depths.begin(part);
        for (Index tile = 0; tile < tiles.count(); ++tile) {
          const Index first = tiles.begin(tile), height = tiles.size(tile);
          Index pixel_rows[TileKernels<T>::most_rows];
          for (Index r = 0; r < height; ++r) pixel_rows[r] = starts_[first + r] * width;
          kernels_.multiply[height - 1][panels_.vectors(panel) - 1](
              {dy, outputs_.data() + first, planes_.data() + o}, depths.size(part),
              rows + o * width, width, {pixels, pixel_rows, width, true});
        }
      }
    }
  }

  void start_sums(Index group, Index panel, Index pixels, T* sums) {
    const Index width = panels_.width(panel);
    if (b_ == nullptr) return std::fill_n(sums, pixels * width, T(0)), void();
    const T* bias = b_ + group * plan_.c + panels_.begin(panel);
    std::fill_n(std::copy_n(bias, panels_.size(panel), sums), width - panels_.size(panel), T(0));
    for (Index k = 1; k < pixels; ++k) std::copy_n(sums, width, sums + k * width);
  }

  /// From (pixel, channel) to planes: of dx itself, or of the staged images.
  void copy_out(Index unit, Index group, Index panel, const T* sums, T* staged) {
    const Index width = panels_.width(panel);
    for (Index n = 0; n < plan_.images_in(unit); ++n) {
      T* image = plan_.direct
                     ? dx_ + ((unit * plan_.unit_images + n) * plan_.d.groups + group) * plan_.image
                     : staged + n * plan_.image;
      kernels_.transpose(sums + n * plan_.plane * width, width, panels_.size(panel), plan_.plane,
                         image + panels_.begin(panel) * plan_.plane, plan_.plane);
    }
  }

  const ConvPlan& plan_;
  const TileKernels<T>& kernels_;
  Panels<T> panels_;  // of input channels
  const T* dy_;
  const T* b_;
  T* dx_;
  detail::Scratch<Index> taps_, starts_;
  detail::Scratch<Index> outputs_;  // of a unit, in dy
  detail::Scratch<Index> planes_;   // of dy, of each output channel
  detail::Scratch<T> weights_;
};

/// For what does not start with the bias. Every chunk has planes of its own.
template <class T>
void add_bias(const Conv2dDims& d, const T* b, T* dx) {
  if (b == nullptr) return;
  const Index pixels = d.h * d.w, grain = std::max<Index>(1, (1 << 16) / (pixels + 1));
  parallel_for(d.n * d.c, grain, [&](Index begin, Index end) {
    for (Index plane = begin; plane < end; ++plane) {
      const T value = b[plane % d.c];
      for (Index k = plane * pixels; k < (plane + 1) * pixels; ++k) dx[k] += value;
    }
  });
}

template <class T>
void as_defined(const Conv2dDims& d, const T* dy, const T* w, const T* b, T* dx) {
  const ConvPlan plan(d);
  if (plan.empty()) {
    std::fill(dx, dx + d.n * d.c * d.h * d.w, T(0));
  } else if (is_depthwise(plan)) {
    conv2d_backward_input_depthwise(plan, dy, w, dx);
  } else if (is_better_turned_round(plan)) {
    return turned_round(plan, dy, w, b, dx);
  } else if (plan.c < few_channels) {
    conv2d_backward_input_by_positions(plan, dy, w, dx);
  } else {
    return BackwardInput<T>(plan, dy, w, b, dx).run();
  }
  add_bias(d, b, dx);
}

void by_winograd(const Conv2dDims& d, const float* dy, const float* w, const float* b, float* dx) {
  detail::Scratch<bool> failed(d.n);
  const WinogradConv conv = winograd_backward_input(d);
  conv2d_winograd(conv, WinogradWeights(conv, w), dy, b, {}, dx, failed.data());
  Conv2dDims one = d;
  one.n = 1;
  for (Index n = 0; n < d.n; ++n) {
    if (!failed[n]) continue;
    as_defined(one, dy + n * d.o * d.out_h * d.out_w, w, b, dx + n * d.c * d.h * d.w);
  }
}

}  // namespace

template <class T>
void conv2d_backward_input(const Conv2dDims& d, const T* dy, const T* w, T* dx, const T* b) {
  count_conv2d<T>(d);
  const detail::FlushDenormals flush;
  if constexpr (std::same_as<T, float>) {
    if (conv2d_sparse_backward_input(d, dy, w, dx)) return add_bias(d, b, dx);
    if (is_winograd(d) && winograd_pays(winograd_backward_input(d), d.out_h * d.out_w)) {
      return by_winograd(d, dy, w, b, dx);
    }
  }
  as_defined(d, dy, w, b, dx);
}

#define TENON_INSTANTIATE(T) \
  template void conv2d_backward_input<T>(const Conv2dDims&, const T*, const T*, T*, const T*);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::kernels
