#pragma once

#include "tenon/nn/loss.hpp"
#include "tenon/ops/margin_loss.hpp"

/// The losses of ops/margin_loss.hpp as objects, under PyTorch's and Keras' names. Each works for
/// float and double.
namespace tenon::nn {

struct HingeLoss {
  Reduction reduction = Reduction::mean;

  template <class T>
  BasicTensor<T> operator()(const BasicTensor<T>& x, const BasicTensor<T>& target) const {
    return hinge_loss(x, target, reduction);
  }
};

struct SquaredHingeLoss {
  Reduction reduction = Reduction::mean;

  template <class T>
  BasicTensor<T> operator()(const BasicTensor<T>& x, const BasicTensor<T>& target) const {
    return squared_hinge_loss(x, target, reduction);
  }
};

struct HingeEmbeddingLoss {
  HingeEmbeddingLossOptions options = {};

  template <class T>
  BasicTensor<T> operator()(const BasicTensor<T>& x, const BasicTensor<T>& target) const {
    return hinge_embedding_loss(x, target, options);
  }
};

struct MultiMarginLoss {
  MultiMarginLossOptions options = {};
  LossWeight weight = {};  ///< (C), of the classes

  template <class T>
  BasicTensor<T> operator()(const BasicTensor<T>& x, const LongTensor& labels) const {
    return multi_margin_loss(x, labels, weight.as<T>(), options);
  }
};

/// loss(x1, x2, target)
struct MarginRankingLoss {
  MarginRankingLossOptions options = {};

  template <class T>
  BasicTensor<T> operator()(const BasicTensor<T>& x1, const BasicTensor<T>& x2,
                            const BasicTensor<T>& target) const {
    return margin_ranking_loss(x1, x2, target, options);
  }
};

/// loss(x1, x2, target)
struct CosineEmbeddingLoss {
  CosineEmbeddingLossOptions options = {};

  template <class T>
  BasicTensor<T> operator()(const BasicTensor<T>& x1, const BasicTensor<T>& x2,
                            const BasicTensor<T>& target) const {
    return cosine_embedding_loss(x1, x2, target, options);
  }
};

/// loss(anchor, positive, negative)
struct TripletMarginLoss {
  TripletMarginLossOptions options = {};

  template <class T>
  BasicTensor<T> operator()(const BasicTensor<T>& anchor, const BasicTensor<T>& positive,
                            const BasicTensor<T>& negative) const {
    return triplet_margin_loss(anchor, positive, negative, options);
  }
};

}  // namespace tenon::nn
