#pragma once

#include <concepts>

#include "tenon/ops/reduction.hpp"
#include "tenon/tensor/tensor.hpp"

/// Losses that ask for a margin and are 0 once there is one, with PyTorch's names, options and
/// values. [z]+ = max(z, 0). Targets of 1 and -1 are numbers of x's type. Nothing is broadcast.
/// Everything may be tracked; derivatives are of every order, those at the edge of a margin as
/// PyTorch's. Throw ShapeError where shapes do not fit, ValueError for an undefined tensor or an
/// option outside its range.
namespace tenon {

/// [1 - target x]+ element by element, target 1 or -1. As keras.losses.Hinge, which also turns
/// targets of 0 into -1.
template <std::floating_point T>
TENON_API BasicTensor<T> hinge_loss(const BasicTensor<T>& x, const BasicTensor<T>& target,
                                    Reduction reduction = Reduction::mean);
/// The square of it. As keras.losses.SquaredHinge.
template <std::floating_point T>
TENON_API BasicTensor<T> squared_hinge_loss(const BasicTensor<T>& x, const BasicTensor<T>& target,
                                            Reduction reduction = Reduction::mean);

struct HingeEmbeddingLossOptions {
  Reduction reduction = Reduction::mean;
  double margin = 1;
};

/// Of distances x, for pairs that are alike (target 1) or not (-1):
///   x where target = 1,  [margin - x]+ where target = -1
/// As torch.nn.functional.hinge_embedding_loss.
template <std::floating_point T>
TENON_API BasicTensor<T> hinge_embedding_loss(const BasicTensor<T>& x, const BasicTensor<T>& target,
                                              const HingeEmbeddingLossOptions& options = {});

struct MultiMarginLossOptions {
  Reduction reduction = Reduction::mean;
  int p = 1;  ///< the exponent, 1 or 2
  double margin = 1;
};

/// The hinge loss of several classes.
///   loss[n] = weight[y] / C  sum over i != y of [margin - x[n,y] + x[n,i]]+^p,   y = labels[n]
/// x (N, C)   labels (N), in [0, C)   weight (C), a constant; left out or undefined: 1 everywhere
/// mean divides by N. Throws ValueError for a label out of its range.
/// Source: Crammer, Singer, "On the algorithmic implementation of multiclass kernel-based vector
/// machines", 2001. As torch.nn.functional.multi_margin_loss.
template <std::floating_point T>
TENON_API BasicTensor<T> multi_margin_loss(const BasicTensor<T>& x, const LongTensor& labels,
                                           const BasicTensor<T>& weight,
                                           const MultiMarginLossOptions& options = {});
template <std::floating_point T>
BasicTensor<T> multi_margin_loss(const BasicTensor<T>& x, const LongTensor& labels,
                                 const MultiMarginLossOptions& options = {}) {
  return multi_margin_loss(x, labels, BasicTensor<T>(), options);
}

struct MarginRankingLossOptions {
  Reduction reduction = Reduction::mean;
  double margin = 0;
};

/// [margin - target (x1 - x2)]+: x1 should be larger where target = 1, smaller where it is -1.
/// As torch.nn.functional.margin_ranking_loss.
template <std::floating_point T>
TENON_API BasicTensor<T> margin_ranking_loss(const BasicTensor<T>& x1, const BasicTensor<T>& x2,
                                             const BasicTensor<T>& target,
                                             const MarginRankingLossOptions& options = {});

struct CosineEmbeddingLossOptions {
  Reduction reduction = Reduction::mean;
  double margin = 0;  ///< in [-1, 1]
};

/// Of the cosine c[n] of the angle between two vectors that are alike (target 1) or not (-1):
///   1 - c where target = 1,  [c - margin]+ where target = -1
/// x1, x2 (N, D)   target (N);   or (D) and rank 0. 1e-12 is added to the squares of both lengths.
/// As torch.nn.functional.cosine_embedding_loss.
template <std::floating_point T>
TENON_API BasicTensor<T> cosine_embedding_loss(const BasicTensor<T>& x1, const BasicTensor<T>& x2,
                                               const BasicTensor<T>& target,
                                               const CosineEmbeddingLossOptions& options = {});

struct TripletMarginLossOptions {
  Reduction reduction = Reduction::mean;
  double margin = 1;
  double p = 2;       ///< of the norm that is the distance, > 0; infinity is the largest difference
  double eps = 1e-6;  ///< added to every difference
  bool swap = false;  ///< the positive's distance from the negative counts, too, if it is less
};

/// [margin + d(anchor, positive) - d(anchor, negative)]+, d(a, b) = (sum |a - b + eps|^p)^(1/p).
/// All three (N, D), or (..., D); the loss before its reduction (N), or (...).
/// Source: Balntas et al., "Learning local feature descriptors with triplets and shallow
/// convolutional neural networks", BMVC 2016. As torch.nn.functional.triplet_margin_loss.
template <std::floating_point T>
TENON_API BasicTensor<T> triplet_margin_loss(const BasicTensor<T>& anchor,
                                             const BasicTensor<T>& positive,
                                             const BasicTensor<T>& negative,
                                             const TripletMarginLossOptions& options = {});

}  // namespace tenon
