#include <algorithm>
#include <cmath>
#include <string>

#include "tenon/base/error.hpp"
#include "tenon/nn/init.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::nn::init {
namespace {

double dot(const double* a, const double* b, Index n) {
  double sum = 0;
  for (Index i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

/// Makes the rows of a (count, n), count <= n, orthonormal by the modified Gram-Schmidt process.
/// What is left of a row that nearly depends on those before it is not orthogonal to them yet: it
/// goes through the process twice, which is enough (Giraud et al., Computers & Mathematics with
/// Applications 50, 2005).
void orthonormalise_rows(double* a, Index count, Index n) {
  for (Index i = 0; i < count; ++i) {
    double* const row = a + i * n;
    for (int pass = 0; pass < 2; ++pass) {
      for (Index k = 0; k < i; ++k) {
        const double* const other = a + k * n;
        const double part = dot(row, other, n);
        for (Index j = 0; j < n; ++j) row[j] -= part * other[j];
      }
      const double norm = std::sqrt(dot(row, row, n));
      for (Index j = 0; j < n; ++j) row[j] /= norm;
    }
  }
}

}  // namespace

template <class T>
void orthogonal_(BasicTensor<T>& w, double gain) {
  if (!w.defined() || w.rank() < 2) {
    detail::fail<ShapeError>(
        "orthogonal_", "the tensor must have at least two axes, (outputs, inputs, ...), but ",
        w.defined() ? "its shape is " + to_string(w.shape()) : std::string("it is undefined"),
        "; hint: its rows, or its columns if these are fewer, become orthonormal");
  }
  if (w.numel() == 0) return;
  const Index rows = w.shape()[0], columns = w.numel() / rows;
  const Index longer = std::max(rows, columns), shorter = std::min(rows, columns);
  // Rows of normal numbers, made orthonormal one after another without a change of sign, are
  // uniform among all such matrices (Mezzadri, Notices of the AMS 54, 2007).
  DoubleTensor q = normal<double>({shorter, longer});
  orthonormalise_rows(q.data(), shorter, longer);
  auto values = BasicTensor<T>::empty(w.shape());
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < columns; ++j) {
      const double v = q.data()[rows >= columns ? j * longer + i : i * longer + j];
      values.data()[i * columns + j] = static_cast<T>(gain * v);
    }
  }
  w.copy_(values);
}

template void orthogonal_(BasicTensor<float>&, double);
template void orthogonal_(BasicTensor<double>&, double);

}  // namespace tenon::nn::init
