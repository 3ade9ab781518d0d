#pragma once

#include <algorithm>
#include <type_traits>

#include "kernels/simd/recurrent.hpp"
#include "kernels/simd/tile.hpp"
#include "tenon/base/memory.hpp"

/// How the driver of rnn, lstm and gru lays out gates and weights.
namespace tenon::kernels {

/// A row of sums: the units in groups of a vector or a few, in a group the gates one after another,
/// so that one tile holds all gates of the same units.
template <class T>
class GateLayout {
 public:
  GateLayout(const TileKernels<T>& kernels, int stored, Index units)
      : stored_(stored), units_(units) {
    // Of a single gate as many vectors as a tile takes, of several one each.
    const EvenSplit vectors((units + kernels.lanes - 1) / kernels.lanes,
                            stored == 1 ? kernels.vectors : 1);
    groups_ = vectors.count();
    width_ = vectors.width() * kernels.lanes;
  }
  Index groups() const { return groups_; }
  /// Units of a group.
  Index width() const { return width_; }
  /// Of the group's sums.
  Index group_size() const { return stored_ * width_; }
  Index at(Index group, Index gate) const { return group * group_size() + gate * width_; }
  Index row() const { return groups_ * group_size(); }
  /// A row of h or c, padded to whole groups.
  Index state_row() const { return groups_ * width_; }
  Index units() const { return units_; }
  /// How many of the n units from `first` on exist.
  Index units(Index first, Index n) const { return std::clamp<Index>(units_ - first, 0, n); }

 private:
  Index stored_, units_, groups_, width_;
};

/// The gates of which one product computes the sums, as columns of that product: panels of a tile's
/// width, some in each group.
template <class T>
class GatePanels {
 public:
  GatePanels(const TileKernels<T>& kernels, const GateLayout<T>& layout, const GateRange& range)
      : kernels_(kernels),
        layout_(layout),
        range_(range),
        vectors_(range.count * layout.width() / kernels.lanes, kernels.vectors) {}

  Index in_group() const { return vectors_.count(); }
  Index vectors(Index part) const { return vectors_.size(part); }
  Index width(Index part) const { return vectors(part) * kernels_.lanes; }
  /// Of the panel's first column in a row of sums.
  Index column(Index group, Index part) const {
    return layout_.at(group, range_.first) + vectors_.begin(part) * kernels_.lanes;
  }
  /// Rows of the weights (gates S, ...) that belong to the product.
  Index depth() const { return range_.count * layout_.units(); }

  /// Of packed weights (gates S, k): where a panel starts, and the size of all.
  Index place(Index group, Index part, Index k) const {
    return (group * range_.count * layout_.width() + vectors_.begin(part) * kernels_.lanes) * k;
  }
  Index packed_size(Index k) const { return place(layout_.groups(), 0, k); }

  /// Packs one group's panels of w (gates S, k), rows [first, first + k) of `depth` rows each;
  /// zeros for units that do not exist.
  void pack(Index group, const T* w, Index k, T* to, Index depth, Index first) const {
    for (Index part = 0; part < in_group(); ++part) {
      T* const panel = to + place(group, part, depth) + first * width(part);
      std::fill_n(panel, k * width(part), T(0));
      for (Index v = 0; v < vectors(part); ++v) {
        const Index lanes = kernels_.lanes, column = (vectors_.begin(part) + v) * lanes;
        const Index unit = group * layout_.width() + column % layout_.width();
        const Index row = range_.weight[column / layout_.width()] * layout_.units() + unit;
        kernels_.transpose(w + row * k, k, k, layout_.units(unit, lanes), panel + v * lanes,
                           width(part));
      }
    }
  }

  /// Calls f(column, row, n, first) for n neighbours: a column of the sums and the row of the
  /// weights that belongs to it, with `first` rows in the calls before.
  template <class F>
  void for_each_run(const F& f) const {
    Index first = 0;
    for (Index group = 0; group < layout_.groups(); ++group) {
      const Index unit = group * layout_.width(), n = layout_.units(unit, layout_.width());
      for (int i = 0; i < range_.count; ++i, first += n) {
        f(layout_.at(group, range_.first + i), range_.weight[i] * layout_.units() + unit, n, first);
      }
    }
  }

  /// Adds b (gates S), if there is one, to a row of sums.
  void add_bias(const T* b, T* to) const {
    if (b == nullptr) return;
    for_each_run([&](Index column, Index row, Index n, Index) {
      for (Index u = 0; u < n; ++u) to[column + u] += b[row + u];
    });
  }

  /// Packs the rows of w (gates S, n) that belong to the product, in the order of for_each_run.
  void pack_rows(const Panels<T>& columns, Index panel, const T* w, Index n, T* to) const {
    const Index width = columns.width(panel), begin = columns.begin(panel);
    for_each_run([&](Index, Index row, Index count, Index first) {
      kernels_.pack(w + row * n + begin, n, 1, count, columns.size(panel),
                    to + columns.place(panel) * depth() + first * width, width);
    });
  }

 private:
  const TileKernels<T>& kernels_;
  const GateLayout<T>& layout_;
  const GateRange& range_;
  EvenSplit vectors_;
};

/// Where something lies: n numbers.
class Offsets {
 public:
  explicit Offsets(Index n) : values_(n) {}
  /// 0, step, 2 step ...
  Offsets(Index n, Index step) : values_(n) {
    for (Index i = 0; i < n; ++i) values_[i] = i * step;
  }
  /// f(0), f(1) ...
  template <class F>
  requires std::is_invocable_r_v<Index, F, Index> Offsets(Index n, const F& f) : values_(n) {
    for (Index i = 0; i < n; ++i) values_[i] = f(i);
  }
  /// The sums' columns in the order of for_each_run.
  template <class T>
  explicit Offsets(const GatePanels<T>& gates) : values_(gates.depth()) {
    gates.for_each_run([&](Index column, Index, Index n, Index first) {
      for (Index u = 0; u < n; ++u) values_[first + u] = column + u;
    });
  }
  Index* data() { return values_.data(); }

 private:
  detail::Scratch<Index> values_;
};

}  // namespace tenon::kernels
