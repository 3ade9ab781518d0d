#include "tenon/nn/embedding.hpp"

#include "tenon/base/error.hpp"
#include "tenon/ops/embedding.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::nn {
namespace {

std::optional<Index> from_start(std::optional<Index> padding_idx, Index rows) {
  if (!padding_idx) return padding_idx;
  if (*padding_idx < -rows || *padding_idx >= rows) {
    detail::fail<IndexError>("Embedding", "padding_idx is ", *padding_idx,
                             " but the table has only ", rows,
                             " rows; hint: 0 is usual, -1 is the last row");
  }
  return *padding_idx < 0 ? *padding_idx + rows : *padding_idx;
}

}  // namespace

template <class T>
BasicEmbedding<T>::BasicEmbedding(Index num_embeddings, Index embedding_dim,
                                  const EmbeddingOptions& options) {
  if (num_embeddings < 1 || embedding_dim < 1) {
    detail::fail<ValueError>(
        "Embedding", "num_embeddings and embedding_dim must be at least 1, not ", num_embeddings,
        " and ", embedding_dim, "; hint: nn::Embedding(size of the vocabulary, values a word)");
  }
  padding_idx_ = from_start(options.padding_idx, num_embeddings);
  weight = normal<T>({num_embeddings, embedding_dim});
  if (padding_idx_) weight[*padding_idx_].fill_(0);
}

template <class T>
BasicTensor<T> BasicEmbedding<T>::forward(const BasicTensor<T>&) {
  detail::fail<ValueError>(this->name(),
                           "it takes int64 ids, a LongTensor, not real numbers; hint: "
                           "convert with x.to<std::int64_t>(), and in a model override "
                           "forward_ids(const LongTensor&) instead of forward()");
}

template <class T>
BasicTensor<T> BasicEmbedding<T>::forward_ids(const LongTensor& ids) {
  return tenon::embedding(ids, weight, padding_idx_);
}

template <class T>
void BasicEmbedding<T>::visit(BasicVisitor<T>& v) {
  v("weight", weight);
}

template <class T>
std::string BasicEmbedding<T>::description() const {
  if (!weight.defined()) return "Embedding(moved from)";
  const std::string padding =
      padding_idx_ ? ", padding_idx " + std::to_string(*padding_idx_) : std::string();
  return "Embedding(" + std::to_string(weight.size(0)) + ", " + std::to_string(weight.size(1)) +
         padding + ")";
}

template class BasicEmbedding<float>;
template class BasicEmbedding<double>;

}  // namespace tenon::nn
