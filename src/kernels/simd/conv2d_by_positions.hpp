#pragma once

#include <algorithm>

#include "kernels/simd/conv2d_plan.hpp"
#include "tenon/base/memory.hpp"

/// The other way round: vectors run over the positions of the output, rows of tiles over channels.
/// The columns of a panel are copied from the images for each panel, but what comes out are planes
/// at once. Better where that copy is small: for 1x1 kernels, and for images of few channels.
namespace tenon::kernels {

inline constexpr Index few_channels = 8;
inline constexpr Index small_depth = 32;

inline bool is_better_by_positions(const ConvPlan& plan) {
  return plan.taps == 1 || plan.depth <= small_depth;
}

template <class T>
void conv2d_backward_input_by_positions(const ConvPlan& plan, const T* dy, const T* w, T* dx);

/// The outputs of each unit of images as panels; the last unit may have fewer images.
template <class T>
class UnitPanels {
 public:
  explicit UnitPanels(const ConvPlan& plan) : plan_(plan), kernels_(tile_kernels<T>()) {}
  Panels<T> operator[](Index unit) const {
    return Panels<T>(kernels_, plan_.images_in(unit) * plan_.positions);
  }
  /// Of tiles that fit the panels of every unit.
  Index rows() const { return std::min(first().rows(kernels_), last().rows(kernels_)); }
  Index widest() const { return std::max(first().width(0), last().width(0)); }

 private:
  Panels<T> first() const { return (*this)[0]; }
  Panels<T> last() const { return (*this)[plan_.units - 1]; }

  const ConvPlan& plan_;
  const TileKernels<T>& kernels_;
};

/// The weights of the forward pass in tiles of output channels, and where their taps lie.
template <class T>
struct WeightTiles {
  WeightTiles(const ConvPlan& plan, const T* w);
  /// Whether tiles of this height can be multiplied with the panels of the plan's units.
  bool fit(const ConvPlan& plan) const { return most_rows == UnitPanels<T>(plan).rows(); }

  Index most_rows;
  EvenSplit tiles;
  detail::Scratch<Index> offsets;
  detail::Scratch<T> values;
};

template <class T>
void conv2d_forward_by_positions(const ConvPlan& plan, const WeightTiles<T>& weights, const T* x,
                                 const T* b, const ConvEpilogue& epilogue, T* y);

/// Outputs that follow each other in one row of y: columns [column, column + n) of a panel.
struct ConvRun {
  Index image;  // in the unit
  Index position;
  Index start;  // of the first output's pixels in the staged image
  Index column, n;
};

/// The outputs [first, first + size) of a unit, at most a vector of them a run.
class ConvRuns {
 public:
  ConvRuns(const ConvPlan& plan, Index first, Index size, Index lanes) {
    for (Index column = 0; column < size;) {
      const Index at = first + column, image = at / plan.positions, position = at % plan.positions;
      const Index i = position / plan.d.out_w, j = position % plan.d.out_w;
      const Index n = std::min({plan.d.out_w - j, size - column, lanes});
      runs_[count_++] = {image, position, plan.start(image, i, j), column, n};
      column += n;
    }
  }
  const ConvRun* begin() const { return runs_; }
  const ConvRun* end() const { return runs_ + count_; }
  bool in_one_image() const { return runs_[0].image == runs_[count_ - 1].image; }

 private:
  static constexpr int most = 64;  // the widest panel
  ConvRun runs_[most];
  int count_ = 0;
};

}  // namespace tenon::kernels
