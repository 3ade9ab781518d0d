#include "tenon/nn/embedding_bag.hpp"

#include "tenon/base/error.hpp"
#include "tenon/ops/index.hpp"
#include "tenon/ops/masked.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::nn {
namespace {

const char* mode_text(BagMode mode) {
  return mode == BagMode::sum ? "sum" : mode == BagMode::mean ? "mean" : "max";
}

}  // namespace

template <class T>
BasicEmbeddingBag<T>::BasicEmbeddingBag(Index num_embeddings, Index embedding_dim,
                                        const EmbeddingBagOptions& options)
    : options_(options) {
  if (num_embeddings < 1 || embedding_dim < 1) {
    detail::fail<ValueError>(
        "EmbeddingBag", "num_embeddings and embedding_dim must be at least 1, not ", num_embeddings,
        " and ", embedding_dim, "; hint: nn::EmbeddingBag(size of the vocabulary, values a word)");
  }
  const Index padding = options.padding_idx.value_or(0);
  if (padding < -num_embeddings || padding >= num_embeddings) {
    detail::fail<IndexError>("EmbeddingBag", "padding_idx is ", padding, " but the table has only ",
                             num_embeddings, " rows; hint: 0 is usual, -1 is the last row");
  }
  weight = normal<T>({num_embeddings, embedding_dim});
  if (options.padding_idx) weight[padding].fill_(0);
}

template <class T>
BasicTensor<T> BasicEmbeddingBag<T>::bags(const LongTensor& ids, const LongTensor& offsets,
                                          const BasicTensor<T>& per_sample_weights) {
  return embedding_bag<T>(ids, weight, offsets,
                          {.mode = options_.mode,
                           .padding_idx = options_.padding_idx,
                           .per_sample_weights = per_sample_weights});
}

template <class T>
BasicTensor<T> BasicEmbeddingBag<T>::operator()(const LongTensor& ids, const LongTensor& offsets,
                                                const BasicTensor<T>& per_sample_weights) {
  return this->call([&] { return bags(ids, offsets, per_sample_weights); });
}

template <class T>
BasicTensor<T> BasicEmbeddingBag<T>::forward(const BasicTensor<T>&) {
  detail::fail<ValueError>(this->name(),
                           "it takes int64 ids, a LongTensor, not real numbers; hint: "
                           "convert with x.to<std::int64_t>(), and in a model override "
                           "forward_ids(const LongTensor&) instead of forward()");
}

template <class T>
BasicTensor<T> BasicEmbeddingBag<T>::forward_ids(const LongTensor& ids) {
  return bags(ids, LongTensor());
}

template <class T>
BasicTensor<T> BasicEmbeddingBag<T>::forward_sequences(const LongTensor& ids,
                                                       const LongTensor& second) {
  if (!ids.defined() || !second.defined() || ids.rank() != 2) return bags(ids, second);
  const LongTensor& lengths = second;
  if (!(lengths.shape() == Shape{ids.shape()[0]})) {
    detail::fail<ShapeError>(this->name(), "sequences ", to_string(ids.shape(), "NL"),
                             " want lengths of shape ", Shape{ids.shape()[0]}, " but they have ",
                             lengths.shape(), "; hint: offsets go with ids of one axis");
  }
  auto offsets = LongTensor::empty(lengths.shape());
  Index start = 0;
  for (Index n = 0; n < lengths.numel(); ++n) {
    offsets(n) = start;
    start += lengths(n);
  }
  return bags(masked_select(ids, sequence_mask(lengths, ids.shape()[1])), offsets);
}

template <class T>
void BasicEmbeddingBag<T>::visit(BasicVisitor<T>& v) {
  v("weight", weight);
}

template <class T>
std::string BasicEmbeddingBag<T>::description() const {
  if (!weight.defined()) return "EmbeddingBag(moved from)";
  const std::string padding =
      options_.padding_idx ? ", padding_idx " + std::to_string(*options_.padding_idx) : "";
  return "EmbeddingBag(" + std::to_string(weight.size(0)) + ", " + std::to_string(weight.size(1)) +
         ", " + mode_text(options_.mode) + padding + ")";
}

template class BasicEmbeddingBag<float>;
template class BasicEmbeddingBag<double>;

}  // namespace tenon::nn
