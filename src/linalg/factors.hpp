#pragma once

#include "tenon/base/shape.hpp"

/// Decompositions of one matrix of doubles at a time, on Eigen, which factors.cpp alone includes.
/// Matrices are row-major without gaps and hold finite numbers; none is empty. Everything stays in
/// the calling thread. Results may not overlap with arguments.
namespace tenon::linalg::factors {

/// a (N, N), b and x (N, K): a x = b. Returns the first pivot that is 0, or -1; then x is not set.
/// LU with partial pivoting.
Index solve(Index n, Index k, const double* a, const double* b, double* x);

/// a (N, N), b and x (N, K): a x = b for a triangular a, of which the other triangle is not read;
/// unit: nor the diagonal, which counts as 1. Returns the first 0 on the diagonal, or -1.
Index solve_triangular(Index n, Index k, bool upper, bool unit, const double* a, const double* b,
                       double* x);

/// The determinant is sign exp(log_abs); sign is 1, -1 or 0. det: the same as a product.
struct Determinant {
  double sign, log_abs, det;
};
Determinant determinant(Index n, const double* a);

/// y[i,j] = d det(a) / d a[i,j], singular matrices included.
void cofactors(Index n, const double* a, double* y);

/// a = l l^T, l lower triangular; the upper triangle of a is not read. Returns the order of the
/// first leading minor that is not positive, or 0.
Index cholesky(Index n, const double* a, double* l);

/// a (M, N) = q r with q (M, K) and r (K, N), K = min(M, N), by Householder's reflections with the
/// signs of LAPACK.
void qr(Index m, Index n, const double* a, double* q, double* r);

/// a (M, N) = u diag(s) vh with u (M, K), s (K) descending, vh (K, N), by Jacobi's rotations.
void svd(Index m, Index n, const double* a, double* u, double* s, double* vh);

/// a = q diag(values) q^T, values ascending; only the lower triangle of a is read. False where the
/// iteration does not converge.
bool eigh(Index n, const double* a, double* values, double* q);

/// y = e^a by scaling, Padé's approximant of degree 13 and squaring. Source: Higham, SIAM J. Matrix
/// Anal. Appl. 26(4), 2005.
void matrix_exp(Index n, const double* a, double* y);

}  // namespace tenon::linalg::factors
