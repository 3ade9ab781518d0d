#include "common.hpp"

#include <cmath>
#include <string>

#include "tensor/checks.hpp"

namespace tenon::linalg {

void check_matrices(const char* op, const detail::TensorImpl* a) {
  const Shape& shape = detail::defined(op, a).shape;
  if (shape.rank() >= 2) return;
  detail::fail<ShapeError>(op, "a must be a matrix or a batch of them, (..., M, N), but has shape ",
                           shape, "; hint: unsqueeze() makes a row or a column of a vector");
}

template <class T>
DoubleTensor matrices(const char* op, const BasicTensor<T>& a) {
  check_matrices(op, a.impl());
  return cast<double>(a);
}

template <class T>
DoubleTensor square_matrices(const char* op, const BasicTensor<T>& a) {
  DoubleTensor result = matrices(op, a);
  if (a.size(-1) != a.size(-2)) {
    detail::fail<ShapeError>(op, "a must be square, (..., N, N), but has shape ", a.shape(),
                             "; hint: pinv(), lstsq(), qr() and svd() take matrices of any shape");
  }
  return result;
}

DoubleTensor finite_values(const char* op, const DoubleTensor& a) {
  const NoTape values_only;
  DoubleTensor values = a.contiguous();
  const double* const p = values.data();
  for (Index i = 0; i < values.numel(); ++i) {
    if (std::isfinite(p[i])) continue;
    Shape position = a.shape();
    Index rest = i;
    for (int axis = a.rank() - 1; axis >= 0; --axis) {
      position[axis] = rest % a.shape()[axis];
      rest /= a.shape()[axis];
    }
    detail::fail<ValueError>(op, "a must be finite but holds ", p[i], " at ", position,
                             ", its shape being ", a.shape(),
                             "; hint: a DetectAnomaly scope finds where such values come from");
  }
  return values;
}

Shape batch_shape(const DoubleTensor& a, std::initializer_list<Index> others) {
  Shape shape;
  for (int i = 0; i < a.rank() - 2; ++i) shape.push_back(a.shape()[i]);
  for (const Index n : others) shape.push_back(n);
  return shape;
}

std::string in_batch(Index matrix, Index count) {
  return count == 1 ? "" : " (matrix " + std::to_string(matrix) + " of the batch)";
}

DoubleTensor diagonal_matrices(const DoubleTensor& x) {
  return x.unsqueeze(-1) * eye<double>(x.size(-1));
}

DoubleTensor inverse_gaps(const char* op, const char* what, const DoubleTensor& x,
                          const DoubleTensor& shown) {
  const DoubleTensor sorted = shown.detach().contiguous();
  const Index n = x.size(-1);
  for (Index i = 1; i < sorted.numel(); ++i) {
    if (i % n == 0 || sorted.data()[i] != sorted.data()[i - 1]) continue;
    detail::fail<ValueError>(op, "the gradient of the vectors needs distinct ", what, " but ",
                             i % n - 1, " and ", i % n, " are both ", sorted.data()[i],
                             in_batch(i / n, sorted.numel() / n), "; hint: the gradient of the ",
                             what, " alone always exists");
  }
  const DoubleTensor id = eye<double>(n);
  return (1 - id) / (x.unsqueeze(-2) - x.unsqueeze(-1) + id);
}

template DoubleTensor matrices(const char*, const Tensor&);
template DoubleTensor matrices(const char*, const DoubleTensor&);
template DoubleTensor square_matrices(const char*, const Tensor&);
template DoubleTensor square_matrices(const char*, const DoubleTensor&);

}  // namespace tenon::linalg
