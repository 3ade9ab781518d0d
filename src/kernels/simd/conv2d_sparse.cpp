#include "kernels/simd/conv2d_sparse.hpp"

#include <atomic>
#include <limits>

#include "kernels/simd/channels_last.hpp"
#include "kernels/simd/conv2d_plan.hpp"
#include "kernels/simd/sparse.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/base/parallel.hpp"

namespace tenon::kernels {
namespace {

/// Shares of dy that are not zero up to which it pays. dx is read and written for every one.
constexpr double sparse_for_input = 0.28, sparse_for_weight = 0.35;
/// Samples are dealt in chunks, each with a sum of dw of its own: so many, and so many values.
constexpr Index most_chunks = 16, most_sums = 1 << 20;

/// Whether that share of dy, or less, is not zero. Looks at a few planes first.
bool is_sparse(const Conv2dDims& d, const float* dy, double share) {
  const SparseKernels& kernels = sparse_kernels();
  const Index planes = d.n * d.o, plane = d.out_h * d.out_w, step = planes / 16 + 1;
  const auto at_most = [&](Index count, Index values) {
    return static_cast<double>(count) <= share * static_cast<double>(values);
  };
  Index sample = 0, sampled = 0;
  for (Index k = 0; k < planes; k += step, ++sampled) {
    sample += kernels.count_nonzero(dy + k * plane, plane);
  }
  if (!at_most(sample, sampled * plane)) return false;
  std::atomic<Index> count = 0;
  parallel_for(planes, std::max<Index>(1, (1 << 16) / plane), [&](Index begin, Index end) {
    count += kernels.count_nonzero(dy + begin * plane, (end - begin) * plane);
  });
  return at_most(count, planes * plane);
}

/// An image with its padding, channels last, and where outputs and taps lie in it.
class Image {
 public:
  Image(const Conv2dDims& d, Index lanes)
      : d_(d),
        rows_(d.h + 2 * d.pad_h),
        columns_(d.w + 2 * d.pad_w),
        width_(whole_vectors(d.c, lanes)),
        taps_(d.kh * d.kw),
        starts_(d.out_h * d.out_w) {
    for (Index t = 0; t < d.kh * d.kw; ++t) {
      taps_[t] = at(t / d.kw * d.dilation_h, t % d.kw * d.dilation_w);
    }
    for (Index k = 0; k < d.out_h * d.out_w; ++k) {
      const Index start = at(k / d.out_w * d.stride_h, k % d.out_w * d.stride_w);
      starts_[k] = static_cast<std::int32_t>(start);
    }
  }
  Index width() const { return width_; }
  Index size() const { return rows_ * columns_ * width_; }
  const Index* taps() { return taps_.data(); }
  const std::int32_t* starts() { return starts_.data(); }

  void stage(const float* x, float* staged) const {
    stage_channels_last(x, d_.c, d_.h, d_.w, -d_.pad_h, rows_, d_.pad_w, columns_, width_, staged);
  }
  void unstage(const float* staged, float* dx) const {
    const TileKernels<float>& kernels = tile_kernels<float>();
    const Index pixels = d_.h * d_.w;
    if (columns_ == d_.w) {
      return kernels.transpose(staged + at(d_.pad_h, 0), width_, d_.c, pixels, dx, pixels);
    }
    for (Index h = 0; h < d_.h; ++h) {
      kernels.transpose(staged + at(d_.pad_h + h, d_.pad_w), width_, d_.c, d_.w, dx + h * d_.w,
                        pixels);
    }
  }

 private:
  Index at(Index row, Index column) const { return (row * columns_ + column) * width_; }

  const Conv2dDims& d_;
  Index rows_, columns_, width_;
  detail::Scratch<Index> taps_;
  detail::Scratch<std::int32_t> starts_;
};

/// The values of one plane of dy that are not zero, and where their outputs start.
class Plane {
 public:
  Plane(const SparseKernels& kernels, Index positions, float* scratch)
      : kernels_(kernels),
        positions_(positions),
        values_(scratch),
        kept_(reinterpret_cast<std::int32_t*>(scratch + size(kernels, positions) / 2)) {}
  static Index size(const SparseKernels& kernels, Index positions) {
    return 2 * whole_lines(positions + kernels.lanes);
  }
  void read(const float* dy, const std::int32_t* starts) {
    count_ = kernels_.compress(dy, starts, positions_, values_, kept_);
  }

  /// Calls f(taps from, how many, first channel, vectors) for pieces that fit the registers.
  template <class F>
  void for_each_piece(Index taps, Index width, const F& f) const {
    if (count_ == 0) return;
    for (Index c = 0; c < width; c += kernels_.vectors * kernels_.lanes) {
      const Index vectors = std::min<Index>(kernels_.vectors, (width - c) / kernels_.lanes);
      for (Index t = 0; t < taps; t += SparseKernels::most_taps) {
        f(t, std::min<Index>(SparseKernels::most_taps, taps - t), c, vectors);
      }
    }
  }
  const float* values() const { return values_; }
  const std::int32_t* kept() const { return kept_; }
  Index count() const { return count_; }

 private:
  const SparseKernels& kernels_;
  Index positions_;
  float* values_;
  std::int32_t* kept_;
  Index count_ = 0;
};

/// Whether vectors over channels are well filled, and places in an image fit the offsets.
bool is_possible(const Conv2dDims& d, Index lanes) {
  const Index pixels = (d.h + 2 * d.pad_h) * (d.w + 2 * d.pad_w);
  return d.groups == 1 && d.n > 0 && d.o > 0 && d.c >= lanes / 2 && d.out_h * d.out_w > 0 &&
         pixels * whole_vectors(d.c, lanes) < std::numeric_limits<std::int32_t>::max();
}

}  // namespace

bool conv2d_sparse_backward_input(const Conv2dDims& d, const float* dy, const float* w, float* dx) {
  const SparseKernels& kernels = sparse_kernels();
  const Index taps = d.kh * d.kw, positions = d.out_h * d.out_w;
  if (!is_possible(d, kernels.lanes) || !is_sparse(d, dy, sparse_for_input)) return false;
  if (!kernels.all_finite(w, d.o * d.c * taps)) return false;
  Image image(d, kernels.lanes);
  const Index width = image.width(), own = taps * width;
  detail::Scratch<float> weights(d.o * own);  // (O, KH KW, C)
  std::fill_n(weights.data(), d.o * own, 0.0f);
  for (Index o = 0; o < d.o; ++o) {
    tile_kernels<float>().transpose(w + o * d.c * taps, taps, taps, d.c, weights.data() + o * own,
                                    width);
  }
  const Index staged_size = whole_lines(image.size());
  const Index grain = conv_grain(positions * d.o * d.c * taps / 4);
  // Every task owns the gradients of some samples.
  parallel_with_scratch<float>(
      d.n, grain, staged_size + Plane::size(kernels, positions),
      [&](float* sums, Index begin, Index end) {
        Plane plane(kernels, positions, sums + staged_size);
        for (Index n = begin; n < end; ++n) {
          std::fill_n(sums, image.size(), 0.0f);
          for (Index o = 0; o < d.o; ++o) {
            plane.read(dy + (n * d.o + o) * positions, image.starts());
            const float* weight = weights.data() + o * own;
            plane.for_each_piece(taps, width, [&](Index t, Index some, Index c, Index vectors) {
              kernels.scatter[some - 1][vectors - 1](plane.values(), plane.kept(), plane.count(),
                                                     weight + t * width + c, width,
                                                     image.taps() + t, sums + c);
            });
          }
          image.unstage(sums, dx + n * d.c * d.h * d.w);
        }
      });
  return true;
}

bool conv2d_sparse_backward_weight(const Conv2dDims& d, const float* dy, const float* x,
                                   float* dw) {
  const SparseKernels& kernels = sparse_kernels();
  const Index taps = d.kh * d.kw, positions = d.out_h * d.out_w;
  if (!is_possible(d, kernels.lanes) || !is_sparse(d, dy, sparse_for_weight)) return false;
  Image image(d, kernels.lanes);
  const Index width = image.width(), own = taps * width, all = d.o * own;
  const Index chunks = std::clamp<Index>(most_sums / all, 2, most_chunks);
  const Index grain = (d.n + chunks - 1) / chunks, count = chunk_count(d.n, grain);
  detail::Scratch<float> sums(count * all);  // (chunks, O, KH KW, C)
  const Index staged_size = whole_lines(image.size());
  std::atomic<bool> is_finite = true;
  // Every task owns the sum over the samples of one chunk.
  parallel_with_scratch<float>(
      d.n, grain, staged_size + Plane::size(kernels, positions),
      [&](float* staged, Index begin, Index end) {
        Plane plane(kernels, positions, staged + staged_size);
        float* chunk = sums.data() + begin / grain * all;
        std::fill_n(chunk, all, 0.0f);
        for (Index n = begin; n < end; ++n) {
          image.stage(x + n * d.c * d.h * d.w, staged);
          if (!kernels.all_finite(staged, image.size())) is_finite = false;
          for (Index o = 0; o < d.o; ++o) {
            plane.read(dy + (n * d.o + o) * positions, image.starts());
            float* sum = chunk + o * own;
            plane.for_each_piece(taps, width, [&](Index t, Index some, Index c, Index vectors) {
              kernels.gather[some - 1][vectors - 1](plane.values(), plane.kept(), plane.count(),
                                                    staged + c, image.taps() + t,
                                                    sum + t * width + c, width);
            });
          }
        }
      });
  // dw is the sum of the chunks, in their order. Every task owns some output channels.
  parallel_for(d.o, std::max<Index>(1, (1 << 14) / (own * count)), [&](Index begin, Index end) {
    for (Index chunk = 1; chunk < count; ++chunk) {
      for (Index i = begin * own; i < end * own; ++i) sums[i] += sums[chunk * all + i];
    }
    for (Index o = begin; o < end; ++o) {
      tile_kernels<float>().transpose(sums.data() + o * own, width, d.c, taps, dw + o * d.c * taps,
                                      taps);
    }
  });
  return is_finite;
}

}  // namespace tenon::kernels
