#include "kernels/simd/winograd.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/winograd.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

using V = Vector<float>;

// The one-dimensional transforms. Those of two dimensions apply them to the columns, then to the
// rows.

/// B^T d
HWY_INLINE void transform_pixels(V d0, V d1, V d2, V d3, V (&v)[4]) {
  v[0] = hn::Sub(d0, d2);
  v[1] = hn::Add(d1, d2);
  v[2] = hn::Sub(d2, d1);
  v[3] = hn::Sub(d1, d3);
}
/// G g
HWY_INLINE void transform_weights(V g0, V g1, V g2, V (&u)[4]) {
  const auto half = hn::Set(Tag<float>(), 0.5f);
  const auto even = hn::Mul(half, hn::Add(g0, g2)), odd = hn::Mul(half, g1);
  u[0] = g0;
  u[1] = hn::Add(even, odd);
  u[2] = hn::Sub(even, odd);
  u[3] = g2;
}
/// A^T m
HWY_INLINE void transform_products(V m0, V m1, V m2, V m3, V (&y)[2]) {
  y[0] = hn::Add(m0, hn::Add(m1, m2));
  y[1] = hn::Sub(hn::Sub(m1, m2), m3);
}
/// A dy
HWY_INLINE void transform_gradients(V dy0, V dy1, V (&e)[4]) {
  e[0] = dy0;
  e[1] = hn::Add(dy0, dy1);
  e[2] = hn::Sub(dy0, dy1);
  e[3] = hn::Neg(dy1);
}
/// G^T s
HWY_INLINE void transform_sums(V s0, V s1, V s2, V s3, V (&dg)[3]) {
  const auto half = hn::Set(Tag<float>(), 0.5f);
  const auto even = hn::Mul(half, hn::Add(s1, s2));
  dg[0] = hn::Add(s0, even);
  dg[1] = hn::Mul(half, hn::Sub(s1, s2));
  dg[2] = hn::Add(even, s3);
}

void weights(const float* g, bool flip, Index width, float* u, Index step) {
  const Tag<float> d;
  for (Index j = 0; j < width; j += lanes<float>) {
    const auto tap = [&](Index p, Index q) HWY_ATTR {
      const Index k = 3 * p + q;
      return hn::LoadU(d, g + (flip ? 8 - k : k) * width + j);
    };
    V columns[3][4];
    for (int q = 0; q < 3; ++q) transform_weights(tap(0, q), tap(1, q), tap(2, q), columns[q]);
    for (int p = 0; p < 4; ++p) {
      V row[4];
      transform_weights(columns[0][p], columns[1][p], columns[2][p], row);
      for (int q = 0; q < 4; ++q) hn::StoreU(row[q], d, u + (4 * p + q) * step + j);
    }
  }
}

void input(const float* pixels, Index row, Index tiles, Index width, float* v, Index step) {
  const Tag<float> d;
  for (Index j = 0; j < width; j += lanes<float>) {
    const auto column = [&](Index s, V(&c)[4]) HWY_ATTR {
      const float* x = pixels + s * width + j;
      transform_pixels(hn::LoadU(d, x), hn::LoadU(d, x + row), hn::LoadU(d, x + 2 * row),
                       hn::LoadU(d, x + 3 * row), c);
    };
    V columns[4][4];  // two of which the next tile shares
    column(0, columns[0]);
    column(1, columns[1]);
    for (Index t = 0; t < tiles; ++t) {
      column(2 * t + 2, columns[2]);
      column(2 * t + 3, columns[3]);
      for (int p = 0; p < 4; ++p) {
        V out[4];
        transform_pixels(columns[0][p], columns[1][p], columns[2][p], columns[3][p], out);
        for (int q = 0; q < 4; ++q) hn::StoreU(out[q], d, v + (4 * p + q) * step + t * width + j);
        columns[0][p] = columns[2][p];
        columns[1][p] = columns[3][p];
      }
    }
  }
}

bool output(const float* m, Index step, Index tiles, Index width, const float* bias, bool relu,
            Index rows, Index columns, float* y, Index row) {
  const Tag<float> d;
  const auto zero = hn::Zero(d);
  V zeros = zero;  // not a number as soon as an output is not finite
  for (Index j = 0; j < width; j += lanes<float>) {
    const auto b = hn::LoadU(d, bias + j);
    for (Index t = 0; t < tiles; ++t) {
      const float* products = m + t * width + j;
      V lines[4][2];
      for (int q = 0; q < 4; ++q) {
        const float* x = products + q * step;
        transform_products(hn::LoadU(d, x), hn::LoadU(d, x + 4 * step), hn::LoadU(d, x + 8 * step),
                           hn::LoadU(d, x + 12 * step), lines[q]);
      }
      for (Index p = 0; p < rows; ++p) {
        V out[2];
        transform_products(lines[0][p], lines[1][p], lines[2][p], lines[3][p], out);
        for (Index q = 0; q < 2 && 2 * t + q < columns; ++q) {
          V value = hn::Add(out[q], b);
          zeros = hn::MulAdd(value, zero, zeros);
          if (relu) value = zero_where_not_positive(value, value);
          hn::StoreU(value, d, y + p * row + (2 * t + q) * width + j);
        }
      }
    }
  }
  return hn::AllTrue(d, hn::Eq(zeros, zero));
}

void output_gradient(const float* dy, Index row, Index tiles, Index width, float* e, Index step) {
  const Tag<float> d;
  for (Index j = 0; j < width; j += lanes<float>) {
    for (Index t = 0; t < tiles; ++t) {
      const float* x = dy + 2 * t * width + j;
      V columns[2][4];
      for (Index q = 0; q < 2; ++q) {
        const float* pixel = x + q * width;
        transform_gradients(hn::LoadU(d, pixel), hn::LoadU(d, pixel + row), columns[q]);
      }
      for (int p = 0; p < 4; ++p) {
        V out[4];
        transform_gradients(columns[0][p], columns[1][p], out);
        for (int q = 0; q < 4; ++q) hn::StoreU(out[q], d, e + (4 * p + q) * step + t * width + j);
      }
    }
  }
}

void weight_gradient(const float* s, Index step, Index width, float* dg) {
  const Tag<float> d;
  for (Index j = 0; j < width; j += lanes<float>) {
    V columns[4][3];
    for (int q = 0; q < 4; ++q) {
      const float* x = s + q * step + j;
      transform_sums(hn::LoadU(d, x), hn::LoadU(d, x + 4 * step), hn::LoadU(d, x + 8 * step),
                     hn::LoadU(d, x + 12 * step), columns[q]);
    }
    for (int p = 0; p < 3; ++p) {
      V row[3];
      transform_sums(columns[0][p], columns[1][p], columns[2][p], columns[3][p], row);
      for (int q = 0; q < 3; ++q) hn::StoreU(row[q], d, dg + (3 * p + q) * width + j);
    }
  }
}

constexpr WinogradKernels winograd_of = {
    static_cast<int>(lanes<float>), &weights, &input, &output, &output_gradient, &weight_gradient};

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {

const WinogradKernels& winograd_kernels() {
  static const WinogradKernels& kernels = *TENON_CHOOSE(winograd_of);
  return kernels;
}

}  // namespace tenon::kernels
#endif  // HWY_ONCE
