#pragma once

/// Tensors as Eigen's matrices and the other way round, without copying. Not part of tenon.hpp: a
/// program that includes this file has Eigen (3.3 or later) on its include path.
///
///   Eigen::MatrixXf m = as_matrix(x) * as_matrix(w).transpose();   // reads the tensors in place
///   as_matrix(y) = m;                                              // writes y in place
///   Tensor t = as_tensor(m);                                       // m's memory as a tensor
///
/// Nothing here is recorded: the tape sees neither Eigen's arithmetic nor its writes. After writing
/// into a tensor while a tape records, call its mark_modified().

#include <Eigen/Core>
#include <initializer_list>
#include <string>
#include <type_traits>

#include "tenon/base/error.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// What tensors look like in Eigen: row-major, with any strides. T is const for tensors that are.
template <class T>
using EigenMatrixMap =
    Eigen::Map<std::conditional_t<std::is_const_v<T>,
                                  const Eigen::Matrix<std::remove_const_t<T>, Eigen::Dynamic,
                                                      Eigen::Dynamic, Eigen::RowMajor>,
                                  Eigen::Matrix<std::remove_const_t<T>, Eigen::Dynamic,
                                                Eigen::Dynamic, Eigen::RowMajor>>,
               Eigen::Unaligned, Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>>;
template <class T>
using EigenVectorMap =
    Eigen::Map<std::conditional_t<std::is_const_v<T>,
                                  const Eigen::Matrix<std::remove_const_t<T>, Eigen::Dynamic, 1>,
                                  Eigen::Matrix<std::remove_const_t<T>, Eigen::Dynamic, 1>>,
               Eigen::Unaligned, Eigen::InnerStride<Eigen::Dynamic>>;

namespace detail {

/// Refuses to write what repeats its elements.
inline void check_eigen_strides(const char* op, const Shape& shape, const Shape& strides,
                                bool writes) {
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] <= 1) continue;
    if (strides[i] == 0 && writes) {
      fail<ValueError>(op, "axis ", i, " of shape ", shape,
                       " repeats its elements, which cannot be written one by one; hint: "
                       "x.clone(), or read through a const tensor");
    }
  }
}

template <class T, class Data>
EigenMatrixMap<Data> eigen_matrix(const BasicTensor<T>& x, Data* data,
                                  std::initializer_list<Dim> batch) {
  const auto count = static_cast<int>(batch.size());
  if (!x.defined() || x.rank() != count + 2) {
    fail<ShapeError>(
        "as_matrix", "a tensor with ", count + 2, " axes was expected but x ",
        x.defined() ? "has shape " + to_string(x.shape()) : std::string("is undefined"),
        "; hint: of a batch (B, M, N), as_matrix(x, {b}) is matrix b; as_vector() takes "
        "one axis");
  }
  int axis = 0;
  for (const Dim& any : batch) {
    const Index size = x.shape()[axis];
    const Index position = any.value < 0 ? any.value + size : any.value;
    if (position < 0 || position >= size) {
      fail<IndexError>("as_matrix", "position ", any.value, " lies outside of axis ", axis,
                       " of shape ", x.shape());
    }
    data += position * x.strides()[axis++];
  }
  const Index rows = x.size(-2), columns = x.size(-1);
  const Shape strides{x.strides().at(-2), x.strides().at(-1)};
  check_eigen_strides("as_matrix", {rows, columns}, strides, !std::is_const_v<Data>);
  // Of an axis with one position a stride may be anything.
  return {data, rows, columns, {rows > 1 ? strides[0] : columns, columns > 1 ? strides[1] : 1}};
}

template <class T, class Data>
EigenVectorMap<Data> eigen_vector(const BasicTensor<T>& x, Data* data) {
  if (!x.defined() || x.rank() != 1) {
    fail<ShapeError>(
        "as_vector", "a tensor with one axis was expected but x ",
        x.defined() ? "has shape " + to_string(x.shape()) : std::string("is undefined"),
        "; hint: select() a row or a column, or flatten() it");
  }
  check_eigen_strides("as_vector", x.shape(), x.strides(), !std::is_const_v<Data>);
  const Index n = x.shape()[0];
  return {data, n, Eigen::InnerStride<Eigen::Dynamic>(n > 1 ? x.strides()[0] : 1)};
}

}  // namespace detail

/// x (M, N) as a matrix of Eigen's, or of x (..., M, N) the one at a position of the other axes. It
/// shares x's values, which must outlive it: keep x, or what x is a view of. Throws ShapeError for
/// other axes, IndexError for a position outside, ValueError where a tensor that is not const
/// repeats its elements (expand).
template <class T>
EigenMatrixMap<T> as_matrix(BasicTensor<T>& x, std::initializer_list<Dim> batch = {}) {
  return detail::eigen_matrix(x, x.defined() ? x.data() : nullptr, batch);
}
template <class T>
EigenMatrixMap<const T> as_matrix(const BasicTensor<T>& x, std::initializer_list<Dim> batch = {}) {
  return detail::eigen_matrix(x, x.defined() ? x.data() : nullptr, batch);
}

/// x (N) as a column vector of Eigen's; otherwise as as_matrix.
template <class T>
EigenVectorMap<T> as_vector(BasicTensor<T>& x) {
  return detail::eigen_vector(x, x.defined() ? x.data() : nullptr);
}
template <class T>
EigenVectorMap<const T> as_vector(const BasicTensor<T>& x) {
  return detail::eigen_vector(x, x.defined() ? x.data() : nullptr);
}

namespace detail {
/// Matrices, arrays, maps, blocks: what lies in memory and can be written.
template <class M>
concept WritableEigen = (std::remove_cvref_t<M>::Flags & Eigen::DirectAccessBit) != 0 &&
                        (std::remove_cvref_t<M>::Flags & Eigen::LvalueBit) != 0 &&
                        !std::is_const_v<std::remove_reference_t<M>>;
template <class M>
concept OwningEigen =
    std::is_base_of_v<Eigen::PlainObjectBase<std::remove_cvref_t<M>>, std::remove_cvref_t<M>>;
}  // namespace detail

/// m's memory as a tensor: (M, N) for a matrix of either storage order or a block or map of one,
/// (N) for what is a vector by its type. Nothing is copied: m's memory must outlive the tensor and
/// all views of it, and m must not be resized. A const or temporary matrix does not compile;
/// from_eigen copies it.
template <class M>
requires(detail::WritableEigen<M> &&
         (std::is_lvalue_reference_v<M> || !detail::OwningEigen<M>)) auto as_tensor(M&& m) {
  using E = std::remove_cvref_t<M>;
  using T = typename E::Scalar;
  constexpr bool is_vector = E::IsVectorAtCompileTime;
  Shape shape, strides;
  if constexpr (is_vector) {
    shape = {m.size()};
    strides = {m.innerStride()};
  } else {
    shape = {m.rows(), m.cols()};
    strides = {E::IsRowMajor ? m.outerStride() : m.innerStride(),
               E::IsRowMajor ? m.innerStride() : m.outerStride()};
  }
  // From the first element to the last: what lies between rows is not looked at.
  Index extent = shape.numel() == 0 ? 0 : 1;
  for (int i = 0; i < shape.rank() && extent > 0; ++i) extent += (shape[i] - 1) * strides[i];
  const BasicTensor<T> storage(
      detail::new_borrowed(detail::dtype_of<T>, sizeof(T), const_cast<T*>(m.data()), {extent}));
  return BasicTensor<T>(detail::new_view(storage.impl(), storage.impl()->data, shape, strides));
}

/// A tensor with the values of any matrix, vector or expression of Eigen's; shapes as in as_tensor.
template <class Derived>
auto from_eigen(const Eigen::DenseBase<Derived>& m) {
  using T = typename Derived::Scalar;
  const auto& values = m.derived();
  auto y = BasicTensor<T>::empty({values.rows(), values.cols()});
  as_matrix(y) = values.matrix();
  return Derived::IsVectorAtCompileTime ? y.flatten() : y;
}

}  // namespace tenon
