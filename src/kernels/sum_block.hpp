#pragma once

#include "tenon/base/shape.hpp"

namespace tenon::kernels {

/// Terms that are summed one after another, in the lanes of a few vectors, before pairwise
/// summation takes over.
inline constexpr Index sum_block_size = 512;

/// What is summed of each term, in double.
enum class Term { value, square };

/// The sum of n <= sum_block_size terms, step apart.
template <Term term = Term::value, class T>
double sum_block(const T* x, Index n, Index step);

/// sums[j] = 0 + x[j] + x[step + j] + ... of n rows in this order, for each of width columns.
template <Term term = Term::value, class T>
void sum_rows(const T* x, Index n, Index step, Index width, double* sums);

}  // namespace tenon::kernels
