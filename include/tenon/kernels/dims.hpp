#pragma once

#include "tenon/base/config.hpp"
#include "tenon/base/shape.hpp"

namespace tenon::kernels {

/// The index space of an elementwise kernel: one output, written contiguously in row-major order,
/// and Inputs operands, each with a stride (in elements, 0 where broadcast) per axis. Axes that can
/// be walked as one are merged, so that the common case (same shapes, contiguous) has rank 1 and
/// strides 1. Entries beyond the rank are not set. numel is 0 for an empty output.
template <int Inputs>
struct ElementwiseDims {
  Index numel;
  int rank;
  Index sizes[max_rank];
  Index strides[Inputs][max_rank];
};

}  // namespace tenon::kernels
