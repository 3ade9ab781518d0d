#pragma once

#include <optional>
#include <string>

#include "tenon/nn/module.hpp"
#include "tenon/ops/embedding_bag.hpp"

namespace tenon::nn {

struct EmbeddingBagOptions {
  BagMode mode = BagMode::mean;
  /// The id whose row starts as zeros, is not trained and counts for nothing; negative ones count
  /// from the end.
  std::optional<Index> padding_idx = std::nullopt;
};

/// The sum, mean or maximum of the rows of a bag of ids; see embedding_bag(). As
/// torch.nn.EmbeddingBag. It is called with
///   bag(ids)            ids (B, L): bags of one size, also as the first layer of a Sequential
///   bag(ids, offsets)   ids (n), offsets (B): where each bag begins
///   bag(ids, lengths)   ids (N, L), lengths (N): sequences whose padding does not count
///   bag(ids, offsets, per_sample_weights)   for BagMode::sum; undefined offsets for ids (B, L)
template <class T>
class TENON_API BasicEmbeddingBag : public BasicModule<T> {
 public:
  /// Both sizes >= 1. The rows start normal with mean 0 and variance 1. Throws ValueError, and
  /// IndexError for a padding_idx outside of the table.
  BasicEmbeddingBag(Index num_embeddings, Index embedding_dim,
                    const EmbeddingBagOptions& options = {});

  using BasicModule<T>::operator();
  BasicTensor<T> operator()(const LongTensor& ids, const LongTensor& offsets,
                            const BasicTensor<T>& per_sample_weights);
  BasicTensor<T> forward(const BasicTensor<T>& x) override;  ///< throws: ids are integers
  BasicTensor<T> forward_ids(const LongTensor& ids) override;
  BasicTensor<T> forward_sequences(const LongTensor& ids, const LongTensor& second) override;
  void visit(BasicVisitor<T>& v) override;
  std::string description() const override;

  BasicParameter<T> weight;  ///< (num_embeddings, embedding_dim)

 private:
  BasicTensor<T> bags(const LongTensor& ids, const LongTensor& offsets,
                      const BasicTensor<T>& per_sample_weights = {});

  EmbeddingBagOptions options_;
};

extern template class BasicEmbeddingBag<float>;
extern template class BasicEmbeddingBag<double>;

using EmbeddingBag = BasicEmbeddingBag<float>;

}  // namespace tenon::nn
