#pragma once

#include "tenon/kernels/dims.hpp"
#include "tenon/tensor/impl.hpp"

namespace tenon::detail {

/// Whether a tensor of that shape and strides lies in row-major order without gaps.
TENON_API bool is_contiguous(const Shape& shape, const Shape& strides);

/// The index space of an elementwise kernel with the given output shape, to which every operand
/// must broadcast. Neighbouring axes that all operands walk without a break are merged.
template <int Inputs>
TENON_API kernels::ElementwiseDims<Inputs> elementwise_dims(
    const Shape& out, const TensorImpl* const (&operands)[Inputs]);

/// The strides under which x, of the given shape and strides, can be seen in the shape to without
/// moving a value. False where it cannot.
TENON_API bool reshape_strides(const Shape& shape, const Shape& strides, const Shape& to,
                               Shape& to_strides);

}  // namespace tenon::detail
