#pragma once

#include <algorithm>

#include "tenon/base/parallel.hpp"
#include "tenon/kernels/max_pool2d.hpp"

namespace tenon::kernels {

/// Calls f(plane) for every plane, on several threads where there is enough work.
template <class F>
void for_each_plane(const Pool2dDims& d, const F& f) {
  const Index work = std::max<Index>(1, d.out_h * d.out_w * d.kh * d.kw + d.h * d.w);
  parallel_for(d.n * d.c, std::max<Index>(1, (1 << 17) / work), [&](Index begin, Index end) {
    for (Index plane = begin; plane < end; ++plane) f(plane);
  });
}

}  // namespace tenon::kernels
