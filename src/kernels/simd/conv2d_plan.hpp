#pragma once

#include <algorithm>

#include "kernels/simd/plane.hpp"
#include "kernels/simd/tile.hpp"
#include "tenon/kernels/conv2d.hpp"

/// What the three directions of a convolution share. A convolution is a matrix product whose one
/// operand is never laid out whole:
///   y = w columns,   the columns' gradient = w^T dy,   dw^T = columns dy^T,
/// where columns[(c, p, q), (n, i, j)] is the pixel that output (i, j) of sample n reads through
/// tap (p, q) of channel c. That pixel lies at tap(c, p, q) + start(n, i, j) in a staged copy of
/// the image with its padding, in which neighbouring outputs read neighbouring pixels.
namespace tenon::kernels {

/// Multiplications that a thread should get at least: less is done before another one is awake.
inline constexpr Index conv_thread_work = 1 << 20;
/// Tasks of so many multiplications that a thread should get.
constexpr Index conv_grain(Index work_of_task) {
  return (conv_thread_work + work_of_task) / (work_of_task + 1);
}
/// Tasks are dealt in at most so many chunks, each of which has its own scratch.
inline constexpr Index conv_max_chunks = 16;
/// Images are taken together until they have this many outputs, but not so many that fewer than
/// these units are left.
inline constexpr Index unit_positions = 192;
inline constexpr Index fewest_units = 8;
/// Where there are fewer tasks, those that can be are divided.
inline constexpr Index enough_tasks = 8;

/// Outputs of a 1x1 convolution that reads every pixel may as well stand in one row.
inline Conv2dDims flattened(Conv2dDims d) {
  // A larger stride than the padded image has columns reads the same one output.
  d.stride_w = std::min(d.stride_w, std::max<Index>(1, d.w + 2 * d.pad_w));
  const bool is_pointwise =
      d.kh * d.kw == 1 && d.stride_h * d.stride_w == 1 && d.pad_h == 0 && d.pad_w == 0;
  if (!is_pointwise) return d;
  d.w = d.out_w = d.h * d.w;
  d.h = d.out_h = 1;
  return d;
}

/// Values in the longest vector.
inline constexpr Index most_lanes = 16;

/// Parts of one scratch block start on cache lines, or panels would be read across them.
constexpr Index whole_lines(Index values) { return (values + 15) / 16 * 16; }

struct ConvPlan {
  const Conv2dDims d;
  Index c, o;       // channels of one group
  Index taps;       // KH KW
  Index depth;      // C/groups KH KW
  Index positions;  // outputs of one plane
  bool direct;      // the image itself serves as its staged copy
  Index phase;      // a staged row holds stride_w phases: columns of equal remainder, side by side
  Index row, plane, image;
  Index unit_images, units;

  explicit ConvPlan(const Conv2dDims& dims)
      : d(flattened(dims)),
        c(d.c / d.groups),
        o(d.o / d.groups),
        taps(d.kh * d.kw),
        depth(c * taps),
        positions(d.out_h * d.out_w),
        direct(d.pad_h == 0 && d.pad_w == 0 && d.stride_w == 1),
        phase((d.w + 2 * d.pad_w + d.stride_w - 1) / d.stride_w),
        row(phase * d.stride_w),
        plane(row * (d.h + 2 * d.pad_h)),
        image(c * plane),
        unit_images(std::clamp<Index>(unit_positions / std::max<Index>(1, positions), 1,
                                      std::max<Index>(1, (d.n + fewest_units - 1) / fewest_units))),
        units((d.n + unit_images - 1) / unit_images) {}

  bool empty() const { return depth == 0 || positions == 0 || o == 0 || d.n == 0; }

  Index images_in(Index unit) const { return std::min(unit_images, d.n - unit * unit_images); }
  /// How many tasks share a unit.
  Index parts(Index most) const {
    return std::clamp<Index>((enough_tasks + units * d.groups - 1) / (units * d.groups), 1, most);
  }
  Index tasks_per_chunk(Index tasks, Index work_of_task) const {
    return std::max(conv_grain(work_of_task), (tasks + conv_max_chunks - 1) / conv_max_chunks);
  }
  /// The padding behind the last row is written as part of the rows of a plane; whole vectors of it
  /// are read.
  Index staged_values() const {
    return direct ? 0 : whole_lines(unit_images * image + d.pad_w + most_lanes);
  }

  /// offsets[(c, p, q)] for the channels of one group.
  void tap_offsets(Index* offsets) const {
    for (Index r = 0; r < depth; ++r) {
      const Index column = r % d.kw * d.dilation_w, line = r / d.kw % d.kh * d.dilation_h;
      offsets[r] =
          r / taps * plane + line * row + column % d.stride_w * phase + column / d.stride_w;
    }
  }
  Index start(Index n, Index i, Index j) const {
    return n * image_step() + i * d.stride_h * row + j;
  }
  /// start of every output of a unit, in the order of positions.
  void starts(Index* out) const { write_starts(image_step(), out); }
  /// The same in one staged channel of the unit's images.
  void starts_in_plane(Index* out) const { write_starts(plane, out); }
  /// Between the same group of neighbouring samples, staged or not.
  Index image_step() const { return direct ? d.c * plane : image; }

  /// The unit's images of one group of channels with their padding, or where they lie in x.
  template <class T>
  const T* stage(const T* x, Index unit, Index group, T* staged) const;
  /// The inverse: the staged images without their padding.
  template <class T>
  void unstage(const T* staged, Index unit, Index group, T* dx) const;

 private:
  template <class T>
  void stage_plane(const T* pixels, T* staged) const;

  void write_starts(Index step, Index* out) const {
    for (Index n = 0; n < unit_images; ++n) {
      for (Index i = 0; i < d.out_h; ++i) {
        for (Index j = 0; j < d.out_w; ++j) *out++ = n * step + i * d.stride_h * row + j;
      }
    }
  }

  /// Calls f(plane of x, staged plane) for each.
  template <class F>
  void for_each_plane(Index unit, Index group, const F& f) const {
    for (Index n = 0; n < images_in(unit); ++n) {
      const Index first = (unit * unit_images + n) * d.c + group * c;
      for (Index k = 0; k < c; ++k) f((first + k) * d.h * d.w, n * image + k * plane);
    }
  }
  /// The staged column of a pixel's column.
  Index phase_place(Index column) const {
    return (column + d.pad_w) % d.stride_w * phase + (column + d.pad_w) / d.stride_w;
  }
  /// Calls f(column of x, staged column, count) for the columns of each phase, which lie stride_w
  /// apart in x.
  template <class F>
  void for_each_phase(const F& f) const {
    for (Index s = 0; s < std::min(d.stride_w, d.w); ++s) {
      f(s, phase_place(s), (d.w - s - 1) / d.stride_w + 1);
    }
  }
};

template <class T>
const T* ConvPlan::stage(const T* x, Index unit, Index group, T* staged) const {
  if (direct) return x + (unit * unit_images * d.c + group * c) * plane;
  for_each_plane(unit, group, [&](Index from, Index to) {
    if (d.stride_w == 1) return stage_plane(x + from, staged + to);
    std::fill_n(staged + to, plane, T(0));
    for (Index h = 0; h < d.h; ++h) {
      const T* pixels = x + from + h * d.w;
      T* line = staged + to + (d.pad_h + h) * row;
      if (d.stride_w == 2) {
        tile_kernels<T>().split_pairs(pixels, d.w, line + phase_place(0), line + phase_place(1));
        continue;
      }
      for_each_phase([&](Index first, Index column, Index count) {
        for (Index k = 0; k < count; ++k) line[column + k] = pixels[first + k * d.stride_w];
      });
    }
  });
  return staged;
}

/// One plane with its padding. The rows of pixels are copied with zeros up to the next row's first
/// pixel.
template <class T>
void ConvPlan::stage_plane(const T* pixels, T* staged) const {
  const Index top = d.pad_h * row + d.pad_w, rest = d.pad_h * row - d.pad_w;
  std::fill_n(staged, top, T(0));
  tile_kernels<T>().pack(pixels, d.w, 1, d.h, d.w, staged + top, row);
  if (rest > 0) std::fill_n(staged + top + d.h * row, rest, T(0));
}

template <class T>
void ConvPlan::unstage(const T* staged, Index unit, Index group, T* dx) const {
  for_each_plane(unit, group, [&](Index to, Index from) {
    if (d.stride_w == 2) {
      const T* first = staged + from + d.pad_h * row;
      return plane_kernels<T>().join_pairs(first + phase_place(0), first + phase_place(1), row, d.h,
                                           d.w, dx + to, d.w);
    }
    for (Index h = 0; h < d.h; ++h) {
      T* pixels = dx + to + h * d.w;
      const T* line = staged + from + (d.pad_h + h) * row;
      for_each_phase([&](Index first, Index column, Index count) {
        for (Index k = 0; k < count; ++k) pixels[first + k * d.stride_w] = line[column + k];
      });
    }
  });
}

/// conv2d_forward for a caller that reports the work by itself.
template <class T>
void convolve(const Conv2dDims& d, const T* x, const T* w, const T* b, T* y,
              const ConvEpilogue& epilogue, const Conv2dPack<T>* pack = nullptr);

}  // namespace tenon::kernels
