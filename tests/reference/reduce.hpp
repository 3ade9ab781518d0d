#pragma once

#include <vector>

#include "tenon/kernels/reduce.hpp"

namespace tenon::reference {

/// Offsets of all positions of some axes, in row-major order.
inline std::vector<Index> offsets(int rank, const Index* sizes, const Index* strides) {
  std::vector<Index> result{0};
  for (int axis = 0; axis < rank; ++axis) {
    std::vector<Index> longer;
    for (Index start : result) {
      for (Index i = 0; i < sizes[axis]; ++i) longer.push_back(start + i * strides[axis]);
    }
    result = longer;
  }
  return result;
}

/// Calls f(output, position among the reduced axes, offset in x) for every element.
template <class F>
void for_each_reduced(const kernels::ReduceDims& d, const F& f) {
  const auto kept = offsets(d.rank, d.sizes, d.strides);
  const auto reduced = offsets(d.reduced_rank, d.reduced_sizes, d.reduced_strides);
  for (std::size_t o = 0; o < kept.size(); ++o) {
    for (std::size_t r = 0; r < reduced.size(); ++r) f(o, r, kept[o] + reduced[r]);
  }
}

}  // namespace tenon::reference
