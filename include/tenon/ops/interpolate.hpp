#pragma once

#include <concepts>
#include <optional>

#include "tenon/ops/pair.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// How interpolate() finds a pixel between others.
enum class Interpolation {
  nearest,  ///< the pixel in whose square it lies
  bilinear  ///< the mean of the four around it, weighted by closeness
};

/// A factor for each image axis: 2 means (2, 2).
struct ScaleFactor {
  double h;
  double w;
  constexpr ScaleFactor(double both) : h(both), w(both) {}
  constexpr ScaleFactor(double along_h, double along_w) : h(along_h), w(along_w) {}
};

/// Either size or scale_factor is given.
struct InterpolateOptions {
  std::optional<Pair> size = {};  ///< of the result, >= 1
  std::optional<ScaleFactor> scale_factor =
      {};  ///< the result has floor(H factor) rows, factor > 0
  Interpolation mode = Interpolation::nearest;
  bool align_corners = false;  ///< of bilinear: corner pixels' centres meet, else their squares do
};

/// Images of another size.
///   nearest:   y[n,c,i,j] = x[n, c, floor(i s), floor(j s')]
///   bilinear:  y[n,c,i,j] = sum of the weights of r and r' times x[n,c,.,.] at floor and floor + 1
///              of (r, r'), r = s (i + 1/2) - 1/2, not below 0; with align_corners r = s i
/// with s = H / H', or 1 / factor where that is given, with align_corners (H - 1) / (H' - 1); s'
/// likewise.
///   x (N, C, H, W)   y (N, C, H', W')
/// Positions are computed in the precision of PyTorch's (in float for nearest, in T otherwise).
/// Throws ShapeError for an image without pixels or another rank, ValueError for options that are
/// out of range or do not go together. Saves nothing but positions. Has derivatives of every order.
/// As torch.nn.functional.interpolate.
template <std::floating_point T>
TENON_API BasicTensor<T> interpolate(const BasicTensor<T>& x, const InterpolateOptions& options);

}  // namespace tenon
