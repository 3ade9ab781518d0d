#pragma once

#include <algorithm>

#include "kernels/simd/tile.hpp"
#include "tenon/base/parallel.hpp"

namespace tenon::kernels {

/// Rows of k, or values, that a thread should pack at least.
inline constexpr Index grain_rows = 32;
inline constexpr Index grain_values = 1 << 14;

/// Packs all groups (tiles of A's rows, or panels of B's columns) of a matrix whose neighbours
/// along k lie k_step and across k lie step apart; group g starts at to + groups.place(g) k. Every
/// task writes its own groups or rows of k.
template <class T, class Groups>
void pack_groups(const TileKernels<T>& kernels, const Groups& groups, const T* from, Index k_step,
                 Index step, Index k, T* to) {
  const auto pack_part = [&](Index group, Index begin, Index end) {
    const Index width = groups.width(group), first = groups.begin(group);
    kernels.pack(from + first * step + begin * k_step, k_step, step, end - begin,
                 groups.size(group), to + groups.place(group) * k + begin * width, width);
  };
  if (groups.count() == 0) return;
  if (step == 1) {  // whole rows of the matrix one after another, not a column of pieces
    parallel_for(k, grain_rows, [&](Index begin, Index end) {
      for (Index group = 0; group < groups.count(); ++group) pack_part(group, begin, end);
    });
  } else {
    const Index grain = std::max<Index>(1, grain_values / (groups.width(0) * k));
    parallel_for(groups.count(), grain, [&](Index begin, Index end) {
      for (Index group = begin; group < end; ++group) pack_part(group, 0, k);
    });
  }
}

}  // namespace tenon::kernels
