#pragma once

#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// How a prediction becomes a class. Metrics of classes take
///   prediction (N), (N, 1)            one score a sample: class 1 where it is above threshold,
///   else
///                                     class 0
///   prediction (N, C), C >= 2         one score a class: the class of the largest, the first of
///                                     equal ones
///   prediction (N, d1, ..., 1 or C)   the same for each of N d1 ... samples, a sequence's steps
///   target (N, d1, ...)               LongTensor: the class, or ignore_index; Tensor: 0 or 1,
///   where
///                                     there is one score a sample
///   target (N, d1, ..., C)            Tensor: a probability for each class (one-hot labels); the
///                                     largest is the true one
/// A NaN among a sample's scores predicts no class, which is always wrong. An update that throws
/// changes nothing.
struct DecisionOptions {
  double threshold = 0.5;     ///< of one score a sample: 0.5 for probabilities, 0 for raw scores
  Index ignore_index = -100;  ///< samples with this label count for nothing
};

}  // namespace tenon
