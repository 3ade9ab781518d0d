#pragma once

#include "tenon/kernels/dims.hpp"

/// The loops that limits.cpp times.
namespace tenon::kernels {

/// Rounds of multiply-adds in registers, in chains that depend on themselves alone. Returns how
/// many operations these were; the result is there to be computed.
template <class T>
double multiply_adds(Index rounds, T* result);

/// y[i] = x[i] for i < n.
void copy_values(Index n, const float* x, float* y);

}  // namespace tenon::kernels
