// A program that uses Eigen itself, with another alignment than the library's, beside linalg.

#include <Eigen/Dense>
#include <cmath>
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
  const Eigen::VectorXd s = Eigen::BDCSVD<Eigen::MatrixXd>(m).singularValues();
  const double solved = (y - as_matrix(x)).cwiseAbs().maxCoeff();
  const DoubleTensor values = linalg::svdvals(a);
  const double valued = (s - as_vector(values)).cwiseAbs().maxCoeff();
  std::printf("solve differs by %g, singular values by %g\n", solved, valued);
  return solved < 1e-12 && valued < 1e-12 ? 0 : 1;
}
