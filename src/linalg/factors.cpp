#include "factors.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <Eigen/QR>
#include <Eigen/SVD>
#include <algorithm>
#include <cmath>
#include <limits>

// src/CMakeLists.txt renames Eigen's namespace for this file, so that a program with an Eigen of
// its own, compiled for another instruction set, links none of these functions, nor ours of its.
// Eigen's solvers take references to the first element, so that nothing empty may reach them.

namespace tenon::linalg::factors {
namespace {

// One storage order for all decompositions, which are what takes time to compile.
using Matrix = Eigen::MatrixXd;
using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using ConstMap = Eigen::Map<const Rows>;
using Map = Eigen::Map<Rows>;
using Lu = Eigen::PartialPivLU<Matrix>;

Index zero_on_diagonal(const Matrix& a) {
  for (Index i = 0; i < a.rows(); ++i) {
    if (a(i, i) == 0) return i;
  }
  return -1;
}

/// Reflections below the diagonal of qr and r above; tau: their factors. work: a number a column.
void reflect(Matrix& qr, Eigen::VectorXd& tau, Eigen::VectorXd& work) {
  tau.resize(std::min(qr.rows(), qr.cols()));
  work.resize(qr.cols());
  Eigen::internal::householder_qr_inplace_unblocked(qr, tau, work.data());
}

/// The first columns of the product of the reflections.
Matrix orthogonal_factor(const Matrix& qr, const Eigen::VectorXd& tau, Eigen::VectorXd& work) {
  const Index m = qr.rows(), k = tau.size();
  Matrix q = Matrix::Identity(m, k);
  for (Index i = k - 1; i >= 0; --i) {
    q.bottomRightCorner(m - i, k - i)
        .applyHouseholderOnTheLeft(qr.col(i).tail(m - i - 1), tau(i), work.data());
  }
  return q;
}

Matrix upper_triangle(const Matrix& qr) {
  Matrix r = Matrix::Zero(std::min(qr.rows(), qr.cols()), qr.cols());
  for (Index j = 0; j < r.cols(); ++j) {
    const Index filled = std::min(j + 1, r.rows());
    r.col(j).head(filled) = qr.col(j).head(filled);
  }
  return r;
}

}  // namespace

Index solve(Index n, Index k, const double* a, const double* b, double* x) {
  const Lu lu{Matrix(ConstMap(a, n, n))};
  const Index zero = zero_on_diagonal(lu.matrixLU());
  if (zero >= 0) return zero;
  if (n == 0 || k == 0) return -1;
  const Matrix right = ConstMap(b, n, k);
  const Matrix solution = lu.solve(right);
  Map(x, n, k) = solution;
  return -1;
}

Index solve_triangular(Index n, Index k, bool upper, bool unit, const double* a, const double* b,
                       double* x) {
  std::copy(b, b + n * k, x);
  // Rows of x one after another: the innermost loop runs along them.
  for (Index step = 0; step < n; ++step) {
    const Index i = upper ? n - 1 - step : step;
    double* const row = x + i * k;
    for (Index j = upper ? i + 1 : 0; j < (upper ? n : i); ++j) {
      const double factor = a[i * n + j];
      const double* const other = x + j * k;
      for (Index c = 0; c < k; ++c) row[c] -= factor * other[c];
    }
    if (unit) continue;
    const double pivot = a[i * n + i];
    if (pivot == 0) return i;
    for (Index c = 0; c < k; ++c) row[c] /= pivot;
  }
  return -1;
}

Determinant determinant(Index n, const double* a) {
  if (n == 0) return {1, 0, 1};  // the empty product
  const Lu lu{Matrix(ConstMap(a, n, n))};
  Determinant d{static_cast<double>(lu.permutationP().determinant()), 0, 0};
  d.det = d.sign;
  for (Index i = 0; i < n; ++i) {
    const double pivot = lu.matrixLU()(i, i);
    d.det *= pivot;
    d.log_abs += std::log(std::abs(pivot));
    d.sign *= pivot > 0 ? 1 : pivot < 0 ? -1 : 0;
  }
  return d;
}

void cofactors(Index n, const double* a, double* y) {
  if (n == 0) return;
  // det(A) A^-T, where a pivot of 0 gives way to a tiny one: as far as it matters, what it is
  // multiplied by in the determinant it is divided by in the inverse.
  Lu lu{Matrix(ConstMap(a, n, n))};
  Matrix& factors = const_cast<Matrix&>(lu.matrixLU());
  double largest = factors.cwiseAbs().maxCoeff();
  if (largest == 0) largest = 1;
  double det = static_cast<double>(lu.permutationP().determinant());
  for (Index i = 0; i < n; ++i) {
    if (factors(i, i) == 0) factors(i, i) = largest * std::numeric_limits<double>::epsilon();
    det *= factors(i, i);
  }
  const Matrix identity = Matrix::Identity(n, n);
  const Matrix inverse = lu.solve(identity);
  Map(y, n, n) = det * inverse.transpose();
}

Index cholesky(Index n, const double* a, double* l) {
  if (n == 0) return 0;
  Matrix m = ConstMap(a, n, n);
  const Index failed = Eigen::internal::llt_inplace<double, Eigen::Lower>::blocked(m);
  if (failed >= 0) return failed + 1;
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j) l[i * n + j] = j <= i ? m(i, j) : 0;
  }
  return 0;
}

void qr(Index m, Index n, const double* a, double* q, double* r) {
  if (m == 0 || n == 0) return;
  Matrix factors = ConstMap(a, m, n);
  Eigen::VectorXd tau, work;
  reflect(factors, tau, work);
  Map(q, m, tau.size()) = orthogonal_factor(factors, tau, work);
  Map(r, tau.size(), n) = upper_triangle(factors);
}

void svd(Index m, Index n, const double* a, double* u, double* s, double* vh) {
  if (m == 0 || n == 0) return;
  // The rotations are for square matrices: of a tall one its triangular factor has the same
  // singular values and right vectors. A wide one is taken by its transpose.
  const bool wide = m < n;
  Matrix tall = wide ? Matrix(ConstMap(a, m, n).transpose()) : Matrix(ConstMap(a, m, n));
  const Index k = tall.cols();
  Eigen::VectorXd tau, work;
  const bool reduce = tall.rows() > k;
  if (reduce) reflect(tall, tau, work);
  const Matrix square = reduce ? upper_triangle(tall) : tall;
  const Eigen::JacobiSVD<Matrix, Eigen::NoQRPreconditioner> jacobi(
      square, Eigen::ComputeFullU | Eigen::ComputeFullV);
  Matrix left = jacobi.matrixU();
  if (reduce) {
    Matrix extended = Matrix::Zero(tall.rows(), k);
    extended.topRows(k) = left;
    for (Index i = k - 1; i >= 0; --i) {
      extended.bottomRows(tall.rows() - i)
          .applyHouseholderOnTheLeft(tall.col(i).tail(tall.rows() - i - 1), tau(i), work.data());
    }
    left = extended;
  }
  std::copy_n(jacobi.singularValues().data(), k, s);
  const Matrix& right = jacobi.matrixV();
  // Column-major columns are row-major rows of the transpose.
  if (wide) {
    Map(u, m, k) = right;
    std::copy_n(left.data(), left.size(), vh);
  } else {
    Map(u, m, k) = left;
    std::copy_n(right.data(), right.size(), vh);
  }
}

bool eigh(Index n, const double* a, double* values, double* q) {
  if (n == 0) return true;
  const Matrix symmetric = ConstMap(a, n, n);
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(symmetric);
  if (solver.info() != Eigen::Success) return false;
  std::copy_n(solver.eigenvalues().data(), n, values);
  Map(q, n, n) = solver.eigenvectors();
  return true;
}

void matrix_exp(Index n, const double* a, double* y) {
  if (n == 0) return;
  Matrix x = ConstMap(a, n, n);
  // Up to this norm the approximant is exact to the last bit; beyond, e^a = (e^(a / 2^s))^(2^s).
  constexpr double theta = 5.371920351148152;
  const double norm = x.cwiseAbs().colwise().sum().maxCoeff();
  int squarings = 0;
  if (norm > theta) {
    std::frexp(norm / theta, &squarings);
    if (!std::isfinite(norm)) squarings = std::numeric_limits<double>::max_exponent;
    x *= std::ldexp(1.0, -squarings);
  }
  constexpr double b[] = {64764752532480000.0,
                          32382376266240000.0,
                          7771770303897600.0,
                          1187353796428800.0,
                          129060195264000.0,
                          10559470521600.0,
                          670442572800.0,
                          33522128640.0,
                          1323241920.0,
                          40840800.0,
                          960960.0,
                          16380.0,
                          182.0,
                          1.0};
  const Matrix id = Matrix::Identity(n, n);
  const Matrix x2 = x * x, x4 = x2 * x2, x6 = x4 * x2;
  Matrix sum = b[13] * x6 + b[11] * x4 + b[9] * x2;
  Matrix odd = x6 * sum;
  odd += b[7] * x6 + b[5] * x4 + b[3] * x2 + b[1] * id;
  odd = (x * odd).eval();
  sum = b[12] * x6 + b[10] * x4 + b[8] * x2;
  Matrix even = x6 * sum;
  even += b[6] * x6 + b[4] * x4 + b[2] * x2 + b[0] * id;
  const Matrix numerator = even + odd, denominator = even - odd;
  Matrix result = Lu(denominator).solve(numerator);
  for (int i = 0; i < squarings; ++i) result = (result * result).eval();
  Map(y, n, n) = result;
}

}  // namespace tenon::linalg::factors
