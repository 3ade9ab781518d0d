#include "tenon/ops/index_put.hpp"

#include "ops/common.hpp"
#include "ops/index.hpp"
#include "tenon/base/error.hpp"
#include "tenon/ops/index.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon {
namespace detail {
namespace {

using kernels::IndexDims;

/// Positions in `places`, all of them different, that name the last occurrence of each place below
/// `length`; undefined if no place occurs twice.
LongTensor last_occurrences(const LongTensor& places, Index length) {
  constexpr std::int64_t none = -1;
  const Index n = places.numel();
  LongTensor last = full<std::int64_t>({length}, none);
  Index different = 0;
  for (Index k = 0; k < n; ++k) {
    std::int64_t& writer = last.data()[places.data()[k]];
    different += writer == none;
    writer = k;
  }
  if (different == n) return {};
  auto kept = LongTensor::empty({different});
  std::int64_t* next = kept.data();
  for (Index k = 0; k < n; ++k) {
    if (last.data()[places.data()[k]] == k) *next++ = k;
  }
  return kept;
}

/// places: different.
template <class T>
BasicTensor<T> put_rows(const char* op, const IndexDims& dims, const Saved<std::int64_t>& places,
                        const BasicTensor<T>& x, const BasicTensor<T>& source_any) {
  const OpScope scope(op);
  const auto source = source_any.contiguous();
  auto y = BasicTensor<T>::empty(x.shape());
  y.copy_(x);
  kernels::scatter(dims, places->data(), source.data(), y.data());
  if constexpr (std::is_floating_point_v<T>) {
    if (Recording recording{op, x, source}) {
      recording.rule(y, [op, dims, places, shape = source.shape()](Sweep<T>& sweep) {
        const auto dy = sweep.dy();
        if (sweep.needs(0)) sweep.add(0, put_rows(op, dims, places, dy, zeros<T>(shape)));
        if (sweep.needs(1)) sweep.add(1, read_at("gather", dims, places, dy, shape));
      });
    }
  }
  return y;
}

/// Writes the rows of source (K, ...) at the places (K) of x, the last where they meet.
template <class T>
BasicTensor<T> put_at(const char* op, IndexDims dims, const LongTensor& places,
                      const BasicTensor<T>& x, const BasicTensor<T>& source) {
  const LongTensor kept = last_occurrences(places, dims.length);
  if (!kept.defined()) return put_rows(op, dims, Saved(places), x, source);
  dims.count = kept.numel();
  return put_rows(op, dims, Saved(index_select(places, 0, kept)), x, index_select(source, 0, kept));
}

/// values as (K, row), repeated where they broadcast.
template <class T>
BasicTensor<T> rows_of_values(const char* op, const BasicTensor<T>& values, const IndexedRows& rows,
                              const Shape& x) {
  const Shape& from = defined(op, values.impl()).shape;
  if (!broadcasts_to(from, rows.shape)) {
    fail<ShapeError>(op, "values of shape ", from, " do not broadcast to ", rows.shape,
                     ", which the positions name in x ", x,
                     "; hint: index(x, positions) has the shape that is wanted");
  }
  return values.expand(rows.shape).reshape({rows.dims.count, rows.dims.inner});
}

}  // namespace
}  // namespace detail

template <detail::FloatOrLong T>
BasicTensor<T> index_put(const BasicTensor<T>& x, std::initializer_list<LongTensor> positions,
                         const BasicTensor<T>& values, bool accumulate) {
  constexpr const char* name = "index_put";
  const Shape& shape = detail::defined(name, x.impl()).shape;
  const auto rows = detail::indexed_rows(name, shape, positions);
  const auto source = detail::rows_of_values(name, values, rows, shape);
  return accumulate ? detail::add_at(name, rows.dims, detail::Saved(rows.places), x, source)
                    : detail::put_at(name, rows.dims, rows.places, x, source);
}

template <detail::FloatOrLong T>
BasicTensor<T> scatter(const BasicTensor<T>& x, Index axis_any, const LongTensor& index,
                       const BasicTensor<T>& source) {
  const Shape& shape = detail::defined("scatter", x.impl()).shape;
  const int axis = shape.axis(axis_any);
  const LongTensor places = detail::element_places("scatter", shape, axis, index);
  detail::check_source_shape("scatter", source.impl(), index.shape());
  return detail::put_at("scatter", detail::elements_of(shape, places), places, x, source.flatten());
}

template <detail::FloatOrLong T>
BasicTensor<T> masked_scatter(const BasicTensor<T>& x, const BoolTensor& mask,
                              const BasicTensor<T>& source) {
  constexpr const char* name = "masked_scatter";
  const Shape& a = detail::defined(name, x.impl()).shape;
  const Shape& b = detail::defined(name, mask.impl()).shape;
  const Shape shape = a == b ? a : broadcast_shapes(name, a, b);
  const LongTensor places = detail::true_places(mask.expand(shape).contiguous());
  const Index given = detail::defined(name, source.impl()).shape.numel();
  if (given != places.numel()) {
    detail::fail<ShapeError>(name, "the mask is true at ", places.numel(),
                             " places but source has ", given,
                             " elements; hint: one for each; where(mask, value, x) writes one "
                             "value at all of them");
  }
  return detail::put_rows(name, detail::elements_of(shape, places), detail::Saved(places),
                          x.expand(shape), source.flatten());
}

#define TENON_INSTANTIATE(T)                                                                  \
  template TENON_API BasicTensor<T> index_put(                                                \
      const BasicTensor<T>&, std::initializer_list<LongTensor>, const BasicTensor<T>&, bool); \
  template TENON_API BasicTensor<T> scatter(const BasicTensor<T>&, Index, const LongTensor&,  \
                                            const BasicTensor<T>&);                           \
  template TENON_API BasicTensor<T> masked_scatter(const BasicTensor<T>&, const BoolTensor&,  \
                                                   const BasicTensor<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
TENON_INSTANTIATE(std::int64_t)
#undef TENON_INSTANTIATE

}  // namespace tenon
