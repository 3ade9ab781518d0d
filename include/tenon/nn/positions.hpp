#pragma once

#include <string>

#include "tenon/nn/module.hpp"

/// Layers that add to each step of x what tells where it stands. x (..., L, E), usually (N, L, E).
/// In decoding step by step, `positions(x, offset)` counts from offset, the number of steps before.
namespace tenon::nn {

/// y = x + sinusoidal_positions(L, E, offset): nothing to train, and nothing is saved with the
/// model.
template <class T>
class TENON_API BasicSinusoidalPositions : public BasicModule<T> {
 public:
  /// The table is made here: max_length >= 1 positions of E = embedding_dim features, an even
  /// number. Throws ValueError.
  BasicSinusoidalPositions(Index max_length, Index embedding_dim);

  using BasicModule<T>::operator();
  BasicTensor<T> operator()(const BasicTensor<T>& x, Index offset) const;
  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  std::string description() const override;

 private:
  BasicTensor<T> table_;  // (max_length, E), never written again, so that copies may share it
};

/// y = x + weight[offset : offset + L]: a trained vector for each position, an embedding of
/// positions as in GPT-2 and BERT, whose weights fit. No position beyond max_length can be had.
template <class T>
class TENON_API BasicLearnedPositions : public BasicModule<T> {
 public:
  /// Both >= 1. The rows start normal with mean 0 and variance 1, as nn.Embedding's; GPT-2 and BERT
  /// start them with init::normal_(positions.weight, 0, 0.02). Throws ValueError.
  BasicLearnedPositions(Index max_length, Index embedding_dim);

  using BasicModule<T>::operator();
  BasicTensor<T> operator()(const BasicTensor<T>& x, Index offset) const;
  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  void visit(BasicVisitor<T>& v) override;
  std::string description() const override;

  BasicParameter<T> weight;  ///< (max_length, E)
};

extern template class BasicSinusoidalPositions<float>;
extern template class BasicSinusoidalPositions<double>;
extern template class BasicLearnedPositions<float>;
extern template class BasicLearnedPositions<double>;

using SinusoidalPositions = BasicSinusoidalPositions<float>;
using LearnedPositions = BasicLearnedPositions<float>;

}  // namespace tenon::nn
