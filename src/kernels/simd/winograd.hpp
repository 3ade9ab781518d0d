#pragma once

#include "tenon/base/shape.hpp"

/// Winograd's minimal filtering F(2x2, 3x3): four outputs of a 3x3 kernel from 16 multiplications
/// instead of 36.
///   y = A^T ((G g G^T) * (B^T d B)) A        g 3x3 weights, d 4x4 pixels, y 2x2 outputs
/// Products are taken element by element at 16 frequencies, where the sum over channels is a matrix
/// product for each. The transforms only add, subtract and halve. Source: A. Lavin, S. Gray, "Fast
/// algorithms for convolutional neural networks", CVPR 2016, section 4.1.
namespace tenon::kernels {

/// One instruction set's transforms. Channels lie side by side, `width` of them, whole vectors;
/// frequency f of what has been transformed lies f steps on.
struct WinogradKernels {
  static constexpr Index frequencies = 16;

  int lanes;

  /// u = G g G^T; tap (p, q) of g is row 3 p + q, or 8 - (3 p + q) where flip is set.
  void (*weights)(const float* g, bool flip, Index width, float* u, Index step);
  /// v = B^T d B for a row of tiles, two pixels apart, of an image whose rows lie `row` apart.
  void (*input)(const float* d, Index row, Index tiles, Index width, float* v, Index step);
  /// y = A^T m A + bias, at least 0 where relu is set, for a row of tiles: the first `columns`
  /// pixels of `rows` (one or two) lines of y, `row` apart. False where a value, before the relu,
  /// is not finite.
  bool (*output)(const float* m, Index step, Index tiles, Index width, const float* bias, bool relu,
                 Index rows, Index columns, float* y, Index row);
  /// The transposes of the two above: e = A dy A^T for a row of tiles,
  void (*output_gradient)(const float* dy, Index row, Index tiles, Index width, float* e,
                          Index step);
  /// and dg = G^T s G, nine rows.
  void (*weight_gradient)(const float* s, Index step, Index width, float* dg);
};

const WinogradKernels& winograd_kernels();

}  // namespace tenon::kernels
