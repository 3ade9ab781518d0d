#pragma once

#include <initializer_list>

#include "tenon/autograd/record.hpp"
#include "tenon/kernels/index.hpp"
#include "tenon/tensor/tensor.hpp"

// What reading and writing at positions share.

namespace tenon::detail {

/// The positions, contiguous, counted from the start and known to lie inside the axis. Throws
/// IndexError.
LongTensor checked_index(const char* op, const LongTensor& index, const Shape& shape, int axis);

/// Throws ShapeError unless index fits x everywhere but along the axis.
void check_index_shape(const char* op, const Shape& x, int axis, const Shape& index);

/// Throws ShapeError unless source has the index's shape.
void check_source_shape(const char* op, const TensorImpl* source, const Shape& index);

/// Where in row-major x the elements lie that gather() reads: a place for each of the index. Throws
/// IndexError and ShapeError.
LongTensor element_places(const char* op, const Shape& x, int axis, const LongTensor& index);

/// Where the true elements of a contiguous mask lie.
LongTensor true_places(const BoolTensor& mask);

/// Rows of x that lists of positions, one for each leading axis, name together.
struct IndexedRows {
  LongTensor places;        ///< of rows, in row-major order of the broadcast lists
  Shape shape;              ///< what is read: the broadcast lists' shape, then that of a row
  kernels::IndexDims dims;  ///< x as (rows, row size)
};
IndexedRows indexed_rows(const char* op, const Shape& x,
                         std::initializer_list<LongTensor> positions);

/// x as one axis, of which places names single elements.
kernels::IndexDims elements_of(const Shape& x, const LongTensor& places);

/// y = x read at the index, of the given shape; recorded, as are those below.
template <class T>
BasicTensor<T> read_at(const char* op, const kernels::IndexDims& dims,
                       const Saved<std::int64_t>& index, const BasicTensor<T>& x,
                       const Shape& shape);

/// y = start, with source added at the index.
template <class T>
BasicTensor<T> add_at(const char* op, const kernels::IndexDims& dims,
                      const Saved<std::int64_t>& index, const BasicTensor<T>& start,
                      const BasicTensor<T>& source);

}  // namespace tenon::detail
