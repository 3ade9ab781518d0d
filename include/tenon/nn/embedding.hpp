#pragma once

#include <optional>
#include <string>

#include "tenon/nn/module.hpp"

namespace tenon::nn {

struct EmbeddingOptions {
  /// The id whose row starts as zeros and is not trained; negative ones count from the end.
  std::optional<Index> padding_idx = std::nullopt;
};

/// A table with a trained row for each id; see embedding(). ids (...) -> (..., embedding_dim).
/// As torch.nn.Embedding. It is called with ids, also as the first layer of a Sequential:
///   nn::Sequential net{nn::Embedding(10000, 16), ...};
///   Tensor y = net(ids);
template <class T>
class TENON_API BasicEmbedding : public BasicModule<T> {
 public:
  /// Both sizes >= 1. The rows start normal with mean 0 and variance 1. Throws ValueError, and
  /// IndexError for a padding_idx outside of the table.
  BasicEmbedding(Index num_embeddings, Index embedding_dim, const EmbeddingOptions& options = {});

  BasicTensor<T> forward(const BasicTensor<T>& x) override;  ///< throws: ids are integers
  BasicTensor<T> forward_ids(const LongTensor& ids) override;
  void visit(BasicVisitor<T>& v) override;
  std::string description() const override;

  std::optional<Index> padding_idx() const { return padding_idx_; }

  BasicParameter<T> weight;  ///< (num_embeddings, embedding_dim)

 private:
  std::optional<Index> padding_idx_;  // from the start
};

extern template class BasicEmbedding<float>;
extern template class BasicEmbedding<double>;

using Embedding = BasicEmbedding<float>;

}  // namespace tenon::nn
