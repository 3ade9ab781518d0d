#pragma once

#include "base/profile.hpp"
#include "tenon/autograd/record.hpp"
#include "tenon/base/denormals.hpp"
#include "tenon/base/error.hpp"
#include "tenon/base/parallel.hpp"
#include "tenon/linalg.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/tensor/factories.hpp"

// What the functions of linalg share. All of them are written for double; those for float convert
// their arguments, and the tape converts the gradients back.

namespace tenon::linalg {

using detail::OpScope;
using detail::Recording;
using detail::Saved;
using DoubleSweep = detail::Sweep<double>;

/// x in another precision, followed by the tape.
template <class To, class From>
BasicTensor<To> cast(const BasicTensor<From>& x) {
  if constexpr (std::is_same_v<To, From>) {
    return x;
  } else {
    const OpScope scope("cast");
    auto y = x.template to<To>();
    if (Recording recording{"cast", x}) {
      recording.rule(y, [](detail::Sweep<To>& sweep) { sweep.add(0, cast<From>(sweep.dy())); });
    }
    return y;
  }
}

/// Throws unless a is a defined tensor of at least two axes.
void check_matrices(const char* op, const detail::TensorImpl* a);
/// a in double, once it is known to be that.
template <class T>
DoubleTensor matrices(const char* op, const BasicTensor<T>& a);
/// The same, and square.
template <class T>
DoubleTensor square_matrices(const char* op, const BasicTensor<T>& a);

/// The values of a one matrix behind the other. Throws ValueError for NaN and infinity.
DoubleTensor finite_values(const char* op, const DoubleTensor& a);

/// The axes before the last two, followed by others.
Shape batch_shape(const DoubleTensor& a, std::initializer_list<Index> others = {});

/// " (matrix 3 of the batch)", "" where there is only one.
std::string in_batch(Index matrix, Index count);

/// Calls f(i) for the matrices i of a batch, on several threads; flops: of one.
template <class F>
void for_each_matrix(Index count, Index flops, const F& f) {
  constexpr Index grain_flops = 100000;  // what starting a thread is worth
  detail::count_work<double>(count * flops, 0);
  parallel_for(count, 1 + grain_flops / (flops + 1), [&](Index begin, Index end) {
    const detail::FlushDenormals flush;
    for (Index i = begin; i < end; ++i) f(i);
  });
}

/// Diagonal matrices (..., N, N) of vectors (..., N).
DoubleTensor diagonal_matrices(const DoubleTensor& x);

/// 1 / (x_j - x_i), 0 on the diagonal: (..., N, N) of x (..., N). Throws ValueError, in the name of
/// op, where two are equal; what: "eigenvalues".
DoubleTensor inverse_gaps(const char* op, const char* what, const DoubleTensor& x,
                          const DoubleTensor& shown);

// The operations in double that others are made of.
DoubleTensor solve_in_double(const DoubleTensor& a, const DoubleTensor& b);
DoubleTensor solve_triangular_in_double(const DoubleTensor& a, const DoubleTensor& b, bool upper,
                                        bool unit);

/// b x^-1 for a triangular x.
inline DoubleTensor divide_by_triangular(const DoubleTensor& b, const DoubleTensor& x, bool upper) {
  return solve_triangular_in_double(x.t(), b.t(), !upper, false).t();
}

}  // namespace tenon::linalg
