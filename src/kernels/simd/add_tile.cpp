#include "kernels/simd/add_tile.hpp"

#include <utility>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/add_tile.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

// As in tile.cpp.
#if HWY_TARGET == HWY_AVX3 || HWY_ARCH_ARM
inline constexpr int add_tile_vectors = 4;
constexpr int add_tile_rows(int vectors) { return vectors == 4 ? 6 : 8; }
#elif HWY_TARGET == HWY_AVX2
inline constexpr int add_tile_vectors = 3;
constexpr int add_tile_rows(int vectors) { return vectors == 3 ? 4 : 6; }
#else
inline constexpr int add_tile_vectors = 2;
constexpr int add_tile_rows(int) { return 4; }
#endif

// Compilers unroll such short loops by themselves, but too late to see that the sums could stay in
// registers before and behind the loop over k as well.

template <class T, int Rows, int Vectors>
void add(const AddTile<T>& t) {
  const Tag<T> d;
  Vector<T> sums[Rows][Vectors];
  const T* a[Rows];
#pragma GCC unroll 8
  for (int i = 0; i < Rows; ++i) {
    a[i] = t.a + t.a_rows[i];
#pragma GCC unroll 8
    for (int j = 0; j < Vectors; ++j) sums[i][j] = hn::Zero(d);
  }
  const T* b = t.b;
  const Index b_row = t.b_row;
  const Index* const end = t.ks + t.k;
  for (const Index* k = t.ks; k != end; ++k, b += b_row) {
    const Index column = *k;
    Vector<T> row[Vectors];
#pragma GCC unroll 8
    for (int j = 0; j < Vectors; ++j) row[j] = hn::LoadU(d, b + j * lanes<T>);
#pragma GCC unroll 8
    for (int i = 0; i < Rows; ++i) {
      const Vector<T> value = hn::Set(d, a[i][column]);
#pragma GCC unroll 8
      for (int j = 0; j < Vectors; ++j) sums[i][j] = hn::MulAdd(value, row[j], sums[i][j]);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 8
    for (int j = 0; j < Vectors; ++j) {
      const auto start = hn::LoadU(d, t.start + i * t.start_row + j * lanes<T>);
      hn::StoreU(hn::Add(start, sums[i][j]), d, t.c + i * t.c_row + j * lanes<T>);
    }
  }
}

template <class T, int Vectors, int... Row>
constexpr void set_add_tiles(AddTileKernels<T>& kernels, std::integer_sequence<int, Row...>) {
  kernels.rows[Vectors - 1] = sizeof...(Row);
  ((kernels.add[Row][Vectors - 1] = &add<T, Row + 1, Vectors>), ...);
}

template <class T, int... Vector>
constexpr AddTileKernels<T> make_add_kernels(std::integer_sequence<int, Vector...>) {
  AddTileKernels<T> kernels{};
  (set_add_tiles<T, Vector + 1>(kernels,
                                std::make_integer_sequence<int, add_tile_rows(Vector + 1)>()),
   ...);
  return kernels;
}

template <class T>
constexpr AddTileKernels<T> add_kernels_of =
    make_add_kernels<T>(std::make_integer_sequence<int, add_tile_vectors>());

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {

template <class T>
const AddTileKernels<T>& add_tile_kernels() {
  static const AddTileKernels<T>& kernels = *TENON_CHOOSE(add_kernels_of<T>);
  return kernels;
}

template const AddTileKernels<float>& add_tile_kernels();
template const AddTileKernels<double>& add_tile_kernels();

}  // namespace tenon::kernels
#endif  // HWY_ONCE
