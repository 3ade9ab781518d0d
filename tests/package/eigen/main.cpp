// A program that uses Eigen itself, with another alignment than the library's, beside linalg.

#include <Eigen/LU>
#include <cstdio>
#include <tenon/eigen.hpp>
#include <tenon/tenon.hpp>

using namespace tenon;

int main() {
  manual_seed(1);
  Eigen::MatrixXd m = 9 * Eigen::MatrixXd::Identity(9, 9);
  DoubleTensor a = as_tensor(m);
  a.copy_(a + randn<double>({9, 9}));
  const DoubleTensor b = randn<double>({9, 2});
  const DoubleTensor x = linalg::solve(a, b);
  const Eigen::MatrixXd y = m.partialPivLu().solve(as_matrix(b));
  const double solved = (y - as_matrix(x)).cwiseAbs().maxCoeff();
  std::printf("solutions differ by %g\n", solved);
  return solved < 1e-12 ? 0 : 1;
}
