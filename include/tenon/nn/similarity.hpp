#pragma once

#include "tenon/ops/products.hpp"

/// Similarities and distances of vectors as objects, under PyTorch's names: f(x1, x2). They have no
/// state and work for float and double.
namespace tenon::nn {

/// cosine_similarity along the axis dim: nn::CosineSimilarity{{.dim = -1}}.
struct CosineSimilarity {
  CosineSimilarityOptions options = {};

  template <class T>
  BasicTensor<T> operator()(const BasicTensor<T>& x1, const BasicTensor<T>& x2) const {
    return cosine_similarity(x1, x2, options);
  }
};

/// pairwise_distance along the last axis: nn::PairwiseDistance{{.p = 1}}.
struct PairwiseDistance {
  PairwiseDistanceOptions options = {};

  template <class T>
  BasicTensor<T> operator()(const BasicTensor<T>& x1, const BasicTensor<T>& x2) const {
    return pairwise_distance(x1, x2, options);
  }
};

}  // namespace tenon::nn
