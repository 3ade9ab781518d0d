#include <algorithm>
#include <string>

#include "tenon/base/error.hpp"
#include "tenon/nn/init.hpp"
#include "tenon/tensor/factories.hpp"

// A name of our own: a host program may link code that was compiled from Eigen's templates with
// other options than ours, and the linker keeps one of two functions of the same name.
#define Eigen tenon_eigen
#define EIGEN_DONT_PARALLELIZE
#include <Eigen/QR>
#undef Eigen

namespace tenon::nn::init {

template <class T>
void orthogonal_(BasicTensor<T>& w, double gain) {
  if (!w.defined() || w.rank() < 2) {
    detail::fail<ShapeError>(
        "orthogonal_", "the tensor must have at least two axes, (outputs, inputs, ...), but ",
        w.defined() ? "its shape is " + to_string(w.shape()) : std::string("it is undefined"),
        "; hint: its rows, or its columns if these are fewer, become orthonormal");
  }
  const Index rows = w.shape()[0], columns = rows == 0 ? 0 : w.numel() / rows;
  if (w.numel() == 0) return;
  using Matrix = tenon_eigen::MatrixXd;
  // The Q of a matrix of normal numbers with as many columns as can be orthonormal, each with the
  // sign of R's diagonal: that makes Q uniform among all such matrices (Mezzadri, Notices of the
  // AMS 54, 2007).
  const Index longer = std::max(rows, columns), shorter = std::min(rows, columns);
  const DoubleTensor numbers = normal<double>({shorter, longer});
  const tenon_eigen::HouseholderQR<Matrix> qr(
      tenon_eigen::Map<const Matrix>(numbers.data(), longer, shorter));
  Matrix q = qr.householderQ() * Matrix::Identity(longer, shorter);
  for (Index i = 0; i < shorter; ++i) {
    if (qr.matrixQR()(i, i) < 0) q.col(i) = -q.col(i);
  }
  auto values = BasicTensor<T>::empty(w.shape());
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < columns; ++j) {
      const double v = rows >= columns ? q(i, j) : q(j, i);
      values.data()[i * columns + j] = static_cast<T>(gain * v);
    }
  }
  w.copy_(values);
}

template void orthogonal_(BasicTensor<float>&, double);
template void orthogonal_(BasicTensor<double>&, double);

}  // namespace tenon::nn::init
