#pragma once

#include <algorithm>

#include "kernels/simd/moments.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/base/parallel.hpp"
#include "tenon/kernels/batch_norm.hpp"

// How the work of a batch normalisation is cut: a function of the shape alone.

namespace tenon::kernels {

/// Images of fewer numbers are not walked channel by channel: vectors run over the columns of the
/// matrix (n, c * inner) then.
inline constexpr Index least_plane = 16;
inline constexpr Index thread_elements = 1 << 12;
/// Numbers of a channel that are summed on their own: a longer sum would lose digits in double.
inline constexpr Index part_elements = 1 << 16;
/// With fewer channels than these, several threads share one.
inline constexpr Index few_channels = 16;
/// Columns of a tile.
inline constexpr Index tile_columns = 64;
inline constexpr Index tile_rows = part_elements / tile_columns;

inline bool by_columns(const BatchNormDims& d) { return d.inner < least_plane; }

/// Runs of numbers of one channel, at `first` in the channel's array.
struct ChannelPart {
  Index first, runs, length;
};

/// The parts of a channel: several whole planes, or pieces of a plane.
class ChannelParts {
 public:
  explicit ChannelParts(const BatchNormDims& d)
      : d_(d),
        length_(std::min(d.inner, part_elements)),
        pieces_(chunk_count(d.inner, length_)),
        planes_(std::max<Index>(1, part_elements / d.inner)) {}

  Index count() const { return chunk_count(d_.n, planes_) * pieces_; }

  ChannelPart operator()(Index channel, Index part) const {
    const Index image = part / pieces_ * planes_, begin = part % pieces_ * length_;
    return {(image * d_.c + channel) * d_.inner + begin, std::min(planes_, d_.n - image),
            std::min(length_, d_.inner - begin)};
  }

  /// sum(channel, part) for all parts of a channel, then finish(channel), then apply(channel, part)
  /// for all parts. One thread does all of that for a channel while its numbers are in the cache,
  /// unless there are few channels.
  template <class Sum, class Finish, class Apply>
  void run(const Sum& sum, const Finish& finish, const Apply& apply) const {
    const Index parts = count();
    if (d_.c >= few_channels || parts == 1) {
      const Index grain = std::max<Index>(1, thread_elements / (d_.n * d_.inner));
      return parallel_for(d_.c, grain, [&](Index begin, Index end) {
        for (Index channel = begin; channel < end; ++channel) {
          for (Index part = 0; part < parts; ++part) sum(channel, part);
          finish(channel);
          for (Index part = 0; part < parts; ++part) apply(channel, part);
        }
      });
    }
    const auto for_each_part = [&](const auto& f) {
      parallel_for(d_.c * parts, 1, [&](Index begin, Index end) {
        for (Index task = begin; task < end; ++task) f(task / parts, task % parts);
      });
    };
    for_each_part(sum);
    for (Index channel = 0; channel < d_.c; ++channel) finish(channel);
    for_each_part(apply);
  }

 private:
  const BatchNormDims& d_;
  Index length_, pieces_, planes_;
};

/// Calls f(first channel, channels, first row, rows, part) for tiles of the matrix (n, c * inner);
/// a part is a band of rows.
template <class F>
void for_each_tile(const BatchNormDims& d, const F& f) {
  const Index width = tile_columns / d.inner;
  const Index across = chunk_count(d.c, width), parts = chunk_count(d.n, tile_rows);
  const Index work = width * d.inner * std::min(d.n, tile_rows);
  parallel_for(across * parts, std::max<Index>(1, thread_elements / work),
               [&](Index begin, Index end) {
                 for (Index task = begin; task < end; ++task) {
                   const Index channel = task % across * width, row = task / across * tile_rows;
                   f(channel, std::min(width, d.c - channel), row, std::min(tile_rows, d.n - row),
                     task / across);
                 }
               });
}

/// Calls f(first row, rows) for bands of the matrix (n, c * inner).
template <class F>
void for_each_band(const BatchNormDims& d, const F& f) {
  parallel_for(d.n, std::max<Index>(1, thread_elements / (d.c * d.inner)),
               [&](Index begin, Index end) { f(begin, end - begin); });
}

}  // namespace tenon::kernels
