#include "tenon/ops/positions.hpp"

#include <cmath>
#include <cstdlib>

#include "base/profile.hpp"
#include "tenon/base/error.hpp"
#include "tenon/base/parallel.hpp"

namespace tenon {
namespace {

void check_size(const char* op, const char* name, Index value, Index least, const char* hint) {
  if (value >= least) return;
  detail::fail<ValueError>(op, name, " must be at least ", least, ", not ", value,
                           "; hint: ", hint);
}

constexpr const char* offset_hint = "it is the position of the first row, 0 without kept ones";

/// Slope a of a number of heads that is a power of two.
double slope_of(Index a, Index heads) {
  return std::exp2(-8.0 * static_cast<double>(a + 1) / static_cast<double>(heads));
}

}  // namespace

template <std::floating_point T>
BasicTensor<T> sinusoidal_positions(Index length, Index features, Index offset) {
  constexpr const char* op = "sinusoidal_positions";
  const detail::OpScope scope(op);
  check_size(op, "length", length, 0, "it is the number of positions");
  check_size(op, "features", features, 2, "it is the size E of the vectors that are added to");
  check_size(op, "offset", offset, 0, offset_hint);
  if (features % 2 != 0) {
    detail::fail<ValueError>(op,
                             "features must be even, a sine and a cosine of each wavelength, but "
                             "is ",
                             features, "; hint: choose an even model size");
  }
  auto y = BasicTensor<T>::empty({length, features});
  // Columns are disjoint.
  parallel_for(features / 2, 4, [&, values = y.data()](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      const double frequency =
          std::pow(10000.0, static_cast<double>(-2 * i) / static_cast<double>(features));
      for (Index l = 0; l < length; ++l) {
        const double angle = static_cast<double>(offset + l) * frequency;
        values[l * features + 2 * i] = static_cast<T>(std::sin(angle));
        values[l * features + 2 * i + 1] = static_cast<T>(std::cos(angle));
      }
    }
  });
  return y;
}

template <std::floating_point T>
BasicTensor<T> alibi_slopes(Index heads) {
  const detail::OpScope scope("alibi_slopes");
  check_size("alibi_slopes", "heads", heads, 1, "it is the number of attention heads");
  auto y = BasicTensor<T>::empty({heads});
  Index power = 1;
  while (2 * power <= heads) power *= 2;
  for (Index a = 0; a < heads; ++a) {
    y.data()[a] =
        static_cast<T>(a < power ? slope_of(a, power) : slope_of(2 * (a - power), 2 * power));
  }
  return y;
}

template <std::floating_point T>
BasicTensor<T> alibi_bias(Index heads, Index queries, Index keys, Index offset) {
  const detail::OpScope scope("alibi_bias");
  check_size("alibi_bias", "heads", heads, 1, "it is the number of attention heads");
  check_size("alibi_bias", "queries", queries, 0, "it is the number of rows of the products");
  check_size("alibi_bias", "keys", keys, 0, "it is the number of columns of the products");
  check_size("alibi_bias", "offset", offset, 0, offset_hint);
  const auto slopes = alibi_slopes<T>(heads);
  auto y = BasicTensor<T>::empty({heads, queries, keys});
  // Rows are disjoint.
  parallel_for(heads * queries, 64, [&, values = y.data()](Index begin, Index end) {
    for (Index row = begin; row < end; ++row) {
      const T slope = slopes.data()[row / queries];
      const Index position = offset + row % queries;
      for (Index j = 0; j < keys; ++j) {
        values[row * keys + j] = -slope * static_cast<T>(std::abs(position - j));
      }
    }
  });
  return y;
}

#define TENON_INSTANTIATE(T)                                                      \
  template TENON_API BasicTensor<T> sinusoidal_positions<T>(Index, Index, Index); \
  template TENON_API BasicTensor<T> alibi_slopes<T>(Index);                       \
  template TENON_API BasicTensor<T> alibi_bias<T>(Index, Index, Index, Index);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
