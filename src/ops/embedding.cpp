#include "tenon/ops/embedding.hpp"

#include "ops/common.hpp"
#include "ops/embedding.hpp"
#include "ops/position_text.hpp"
#include "tenon/autograd/record.hpp"
#include "tenon/base/error.hpp"
#include "tenon/kernels/embedding.hpp"
#include "tenon/ops/compare.hpp"
#include "tenon/ops/elementwise.hpp"

namespace tenon {
namespace detail {
namespace {

using kernels::EmbeddingDims;

[[noreturn]] void fail_id(const LongTensor& ids, Index position, Index rows) {
  const Index id = ids.data()[position];
  const char* hint =
      id < 0 ? "ids are not negative: 0 is a good id for padding"
             : "num_embeddings is the largest id plus 1; limit the vocabulary, or make the table "
               "larger";
  fail<IndexError>("embedding", position_text("ids", ids.shape(), position), " is ", id,
                   " but the table has the rows 0 to ", rows - 1, "; hint: ", hint);
}

Index checked_padding(std::optional<Index> padding_idx, Index rows) {
  if (!padding_idx) return -1;
  const Index row = *padding_idx < 0 ? *padding_idx + rows : *padding_idx;
  if (row < 0 || row >= rows) {
    fail<IndexError>("embedding", "padding_idx is ", *padding_idx, " but the table has ", rows,
                     " rows; hint: 0 is usual");
  }
  return row;
}

EmbeddingDims checked_dims(const LongTensor& ids, const TensorImpl& w,
                           std::optional<Index> padding_idx) {
  if (w.shape.rank() != 2) {
    fail<ShapeError>("embedding", "w must have 2 axes (V, D), a row for each id, but its shape is ",
                     w.shape, "; hint: the ids come first: embedding(ids, w)");
  }
  const EmbeddingDims dims{ids.numel(), w.shape[0], w.shape[1],
                           checked_padding(padding_idx, w.shape[0])};
  const std::int64_t* id = ids.data();
  for (Index i = 0; i < dims.n; ++i) {
    // One comparison for both ends: a negative id is a huge one without its sign.
    if (static_cast<std::uint64_t>(id[i]) >= static_cast<std::uint64_t>(dims.v)) [[unlikely]]
      fail_id(ids, i, dims.v);
  }
  return dims;
}

Shape looked_up_shape(const LongTensor& ids, Index d) {
  if (ids.rank() == max_rank) {
    fail<ShapeError>("embedding", "ids have ", ids.rank(), " axes already, ", ids.shape(),
                     ", and the rows' axis would be one more than a tensor can have; hint: "
                     "ids.flatten()");
  }
  Shape shape = ids.shape();
  shape.push_back(d);
  return shape;
}

// Looking up and adding up are linear, and each is the other's transpose.
template <class T>
BasicTensor<T> look_up(const EmbeddingDims& dims, const Saved<std::int64_t>& ids,
                       const BasicTensor<T>& w_any);

template <class T>
BasicTensor<T> embedding_backward(const EmbeddingDims& dims, const Saved<std::int64_t>& ids,
                                  const BasicTensor<T>& dy_any) {
  const OpScope scope("embedding_backward");
  const auto dy = dy_any.contiguous();
  auto dw = BasicTensor<T>::empty({dims.v, dims.d});
  kernels::embedding_backward(dims, ids->data(), dy.data(), dw.data());
  if (Recording recording{"embedding_backward", dy}) {
    recording.rule(dw, [dims, ids](Sweep<T>& sweep) {
      const auto ddy = look_up(dims, ids, sweep.dy());
      const auto is_padding = eq(*ids, dims.padding_idx).unsqueeze(-1);
      sweep.add(0, dims.padding_idx < 0 ? ddy : where(is_padding, 0, ddy));
    });
  }
  return dw;
}

template <class T>
BasicTensor<T> look_up(const EmbeddingDims& dims, const Saved<std::int64_t>& ids,
                       const BasicTensor<T>& w_any) {
  const OpScope scope("embedding");
  const auto w = w_any.contiguous();
  auto y = BasicTensor<T>::empty(looked_up_shape(*ids, dims.d));
  kernels::embedding_forward(dims, ids->data(), w.data(), y.data());
  if (Recording recording{"embedding", w}) {
    recording.describe({"padding_idx", {dims.padding_idx}});
    recording.rule(y, [dims, ids](Sweep<T>& sweep) {
      sweep.add(0, embedding_backward(dims, ids, sweep.dy()));
    });
  }
  return y;
}

}  // namespace

template <class T>
BasicTensor<T> add_rows(const BasicTensor<T>& rows, const LongTensor& groups, Index count) {
  return embedding_backward({groups.numel(), count, rows.shape()[1]}, Saved(groups), rows);
}

template Tensor add_rows(const Tensor&, const LongTensor&, Index);
template DoubleTensor add_rows(const DoubleTensor&, const LongTensor&, Index);

}  // namespace detail

template <std::floating_point T>
BasicTensor<T> embedding(const LongTensor& ids_any, const BasicTensor<T>& w,
                         std::optional<Index> padding_idx) {
  detail::defined("embedding", ids_any.impl());
  const auto ids = ids_any.contiguous();
  const auto dims = detail::checked_dims(ids, detail::defined("embedding", w.impl()), padding_idx);
  return detail::look_up(dims, detail::Saved(ids), w);
}

#define TENON_INSTANTIATE(T)                                                            \
  template TENON_API BasicTensor<T> embedding(const LongTensor&, const BasicTensor<T>&, \
                                              std::optional<Index>);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
