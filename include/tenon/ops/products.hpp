#pragma once

#include <concepts>

#include "tenon/tensor/tensor.hpp"

/// Products of two vectors and what is made of them: bilinear forms, angles, distances. Products of
/// matrices are in matmul.hpp. All have derivatives of every order and throw ValueError for an
/// undefined tensor.
namespace tenon {

/// y[..., o] = sum over i, j of x1[..., i] w[o, i, j] x2[..., j] + b[o], as one product of
/// matrices.
///   x1 (..., I), x2 (..., J) of the same leading axes, w (O, I, J), b (O) or undefined,
///   y (..., O). Throws ShapeError. As torch.nn.functional.bilinear.
template <std::floating_point T>
TENON_API BasicTensor<T> bilinear(const BasicTensor<T>& x1, const BasicTensor<T>& x2,
                                  const BasicTensor<T>& w, const BasicTensor<T>& b = {});

struct CosineSimilarityOptions {
  Index dim = 1;      ///< the axis of the vectors
  double eps = 1e-8;  ///< what lengths count at least, so that 0 has similarity 0
};

/// y = x1 x2 / (max(|x1|, eps) max(|x2|, eps)), the cosine of the angle between vectors along an
/// axis, which disappears; the shapes broadcast. Throws IndexError for an axis that they do not
/// have, ShapeError where they do not broadcast. As torch.nn.functional.cosine_similarity.
template <std::floating_point T>
TENON_API BasicTensor<T> cosine_similarity(const BasicTensor<T>& x1, const BasicTensor<T>& x2,
                                           const CosineSimilarityOptions& options = {});

struct PairwiseDistanceOptions {
  double p = 2;       ///< of the norm; see norm()
  double eps = 1e-6;  ///< added to each difference, so that equal vectors have a gradient
  bool keepdim = false;
};

/// y = the p-norm of x1 - x2 + eps along the last axis, which disappears unless keepdim is set; the
/// shapes broadcast. Throws IndexError for rank 0, ShapeError where they do not broadcast. As
/// torch.nn.functional.pairwise_distance.
template <std::floating_point T>
TENON_API BasicTensor<T> pairwise_distance(const BasicTensor<T>& x1, const BasicTensor<T>& x2,
                                           const PairwiseDistanceOptions& options = {});

}  // namespace tenon
