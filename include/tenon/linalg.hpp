#pragma once

#include <concepts>
#include <optional>

#include "tenon/tensor/tensor.hpp"

/// Linear algebra on matrices (M, N) and batches of them (..., M, N), with the names, shapes and
/// conventions of torch.linalg. All of it is computed in double: results and gradients of float
/// tensors are rounded once, at the end. The matrices of a batch are independent; each is handled
/// by one thread, so that the bits do not depend on the number of threads.
///
/// Gradients are of every order unless it is said otherwise. Sources: Giles, "Collected matrix
/// derivative results for forward and reverse mode algorithmic differentiation", 2008, [G]; Golub
/// and Pereyra, SIAM J. Numer. Anal. 10, 1973, [GP]; Murray, arXiv:1602.07527, [M]; Seeger et al.,
/// arXiv:1710.08717, [S]; Townsend, "Differentiating the singular value decomposition", 2016, [T].
///
/// Throw ValueError for an undefined tensor and where a matrix that is to be decomposed holds NaN
/// or infinity, ShapeError for fewer than two axes, for a matrix that should be square and is not,
/// and where batch axes do not broadcast. What else they throw is said below. Empty matrices are
/// fine.
namespace tenon::linalg {

/// The x of a x = b, by LU with partial pivoting.
/// a (..., N, N)   b (..., N, K) or, for vectors, (N) or (..., N)   x of b's shape; the batch axes
/// of a and b broadcast. b is a batch of vectors where it has one axis, or one axis less than a and
/// otherwise its sizes. db = a^-T dx, da = -db x^T [G 2.3.1]. Saves a and x. Throws ValueError
/// where a pivot is 0. As torch.linalg.solve.
template <std::floating_point T>
TENON_API BasicTensor<T> solve(const BasicTensor<T>& a, const BasicTensor<T>& b);

struct SolveTriangularOptions {
  bool upper = false;          ///< which triangle of a is read
  bool left = true;            ///< a x = b; otherwise x a = b
  bool unitriangular = false;  ///< the diagonal of a counts as 1 and is not read
};

/// The x of a x = b for triangular matrices.
/// a (..., N, N)   b (..., N, K), or (..., K, N) where left is false   x of b's shape
/// db = a^-T dx, da = the triangle of -db x^T. Saves a and x. Throws ValueError for a 0 on the
/// diagonal. As torch.linalg.solve_triangular.
template <std::floating_point T>
TENON_API BasicTensor<T> solve_triangular(const BasicTensor<T>& a, const BasicTensor<T>& b,
                                          const SolveTriangularOptions& options = {});

/// y = a^-1 of a (..., N, N); da = -y^T dy y^T [G 2.2.3]. Saves y. Throws ValueError where a pivot
/// is 0. solve(a, b) is faster than inverse(a) b, and more accurate. As torch.linalg.inv.
template <std::floating_point T>
TENON_API BasicTensor<T> inverse(const BasicTensor<T>& a);

/// y (...) = the determinant of a (..., N, N), 1 for N = 0; da = dy times the cofactors
/// [G 2.2.4]. Saves a and y. Of singular matrices there is no second derivative. As
/// torch.linalg.det.
template <std::floating_point T>
TENON_API BasicTensor<T> det(const BasicTensor<T>& a);

template <class T>
struct SlogdetResult {
  BasicTensor<T> sign;       ///< (...) of 1, -1 or, for singular matrices, 0; a constant
  BasicTensor<T> logabsdet;  ///< (...) the logarithm of |det a|, -infinity for singular matrices
};
/// The determinant of a (..., N, N) where it would overflow; da = a^-T dlogabsdet. Saves a. The
/// gradient throws ValueError for singular matrices. As torch.linalg.slogdet.
template <std::floating_point T>
TENON_API SlogdetResult<T> slogdet(const BasicTensor<T>& a);
/// y (...) = the logarithm of det a: NaN where that is negative, -infinity for 0. Otherwise as
/// slogdet. As torch.logdet.
template <std::floating_point T>
TENON_API BasicTensor<T> logdet(const BasicTensor<T>& a);

/// The lower triangular l of a = l l^T, for a positive definite, symmetric a (..., N, N), of which
/// only the lower triangle is read; upper: l^T instead.
/// da = (s + s^T) / 2, s = l^-T phi(l^T dl) l^-1, phi: the lower triangle, half its diagonal [M].
/// Saves l. Throws ValueError where a is not positive definite. As torch.linalg.cholesky.
template <std::floating_point T>
TENON_API BasicTensor<T> cholesky(const BasicTensor<T>& a, bool upper = false);

template <class T>
struct QrResult {
  BasicTensor<T> q;  ///< (..., M, K), K = min(M, N): q^T q = 1
  BasicTensor<T> r;  ///< (..., K, N), upper triangular; the signs on its diagonal are LAPACK's
};
/// a = q r of a (..., M, N), reduced. For M >= N, with m = r dr^T - dq^T q:
/// da = (dq + q (tril(m) + tril(m, -1)^T)) r^-T [S]. Saves q and r. The gradient throws ValueError
/// where the first K columns of a are linearly dependent. As torch.linalg.qr.
template <std::floating_point T>
TENON_API QrResult<T> qr(const BasicTensor<T>& a);

template <class T>
struct SvdResult {
  BasicTensor<T> u;   ///< (..., M, K), K = min(M, N)
  BasicTensor<T> s;   ///< (..., K), descending
  BasicTensor<T> vh;  ///< (..., K, N)
};
/// a = u diag(s) vh of a (..., M, N), reduced: torch.linalg.svd(a, full_matrices=False). Pairs of
/// singular vectors are known up to their common sign. Gradients [T]; that of the vectors throws
/// ValueError where singular values are equal or, unless M = N, one is 0. Saves u, s and vh.
template <std::floating_point T>
TENON_API SvdResult<T> svd(const BasicTensor<T>& a);
/// The singular values alone: s (..., K), whose gradient is u diag(ds) vh.
template <std::floating_point T>
TENON_API BasicTensor<T> svdvals(const BasicTensor<T>& a);

template <class T>
struct EighResult {
  BasicTensor<T> eigenvalues;   ///< (..., N), ascending
  BasicTensor<T> eigenvectors;  ///< (..., N, N), in columns, orthonormal, known up to their signs
};
/// a = q diag(w) q^T of a symmetric a (..., N, N), of which only one triangle is read: the lower
/// one for uplo 'L', the upper one for 'U'.
/// da = the symmetric part of q (diag(dw) + (q^T dq) / e) q^T, e_ij = w_j - w_i [G 3.1]. Saves
/// both. The gradient of eigenvectors throws ValueError where eigenvalues are equal. Throws
/// ValueError for another uplo. As torch.linalg.eigh.
template <std::floating_point T>
TENON_API EighResult<T> eigh(const BasicTensor<T>& a, char uplo = 'L');
/// The eigenvalues alone: w (..., N), whose gradient is q diag(dw) q^T.
template <std::floating_point T>
TENON_API BasicTensor<T> eigvalsh(const BasicTensor<T>& a, char uplo = 'L');

/// The pseudo-inverse y (..., N, M) of a (..., M, N) by the singular values above rtol times the
/// largest; rtol: by default max(M, N) times T's epsilon.
/// da = -y^T dy y^T + (1 - a y) dy^T y y^T + y^T y dy^T (1 - y a) [GP], for a constant rank. Saves
/// a and y. As torch.linalg.pinv.
template <std::floating_point T>
TENON_API BasicTensor<T> pinv(const BasicTensor<T>& a, std::optional<double> rtol = std::nullopt);

/// The x that makes the sum of the squares of a x - b smallest, and of several such the smallest:
/// pinv(a) b, of matrices of any rank.
/// a (..., M, N)   b (..., M, K)   x (..., N, K); batch axes broadcast. rtol and gradients as pinv.
/// Throws ShapeError where b has not M rows. torch.linalg.lstsq(a, b).solution.
template <std::floating_point T>
TENON_API BasicTensor<T> lstsq(const BasicTensor<T>& a, const BasicTensor<T>& b,
                               std::optional<double> rtol = std::nullopt);

/// How many singular values of a (..., M, N) lie above rtol (as in pinv) times the largest: (...).
/// Not differentiable. As torch.linalg.matrix_rank.
template <std::floating_point T>
TENON_API LongTensor matrix_rank(const BasicTensor<T>& a,
                                 std::optional<double> rtol = std::nullopt);

/// y (...) = the largest singular value of a (..., M, N) divided by the smallest, infinite for
/// singular matrices; min(M, N) >= 1. As torch.linalg.cond.
template <std::floating_point T>
TENON_API BasicTensor<T> cond(const BasicTensor<T>& a);

/// y = e^a = 1 + a + a^2 / 2 + ... of a (..., N, N). da = the upper right quarter of the
/// exponential of ((a^T, dy), (0, a^T)) (Mathias, SIAM J. Matrix Anal. Appl. 17, 1996). Saves a. As
/// torch.linalg.matrix_exp.
template <std::floating_point T>
TENON_API BasicTensor<T> matrix_exp(const BasicTensor<T>& a);

/// The elements a[..., i, i] of a (..., M, N): a view (..., min(M, N)). As torch.linalg.diagonal.
template <std::floating_point T>
TENON_API BasicTensor<T> diagonal(const BasicTensor<T>& a);
/// y (...) = the sum of the elements a[..., i, i] of a (..., M, N). As torch.trace, which takes a
/// single matrix.
template <std::floating_point T>
TENON_API BasicTensor<T> trace(const BasicTensor<T>& a);

}  // namespace tenon::linalg
