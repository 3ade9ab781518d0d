#pragma once

#include <limits>
#include <string>

#include "ops/loss.hpp"
#include "tenon/kernels/cross_entropy.hpp"
#include "tenon/tensor/tensor.hpp"

// What losses of scores (N, C, ...) for classes and of labels (N, ...) share. name: what the scores
// are called in errors.

namespace tenon::detail {

/// The ignore_index of losses that have none.
inline constexpr Index nothing_ignored = std::numeric_limits<Index>::min();

inline void check_class_axis(const char* op, const char* name, const Shape& shape) {
  if (shape.rank() >= 2) [[likely]]
    return;
  fail<ShapeError>(op, name, " must have shape (N, C) or (N, C, d1, ...) but have ", shape,
                   "; hint: unsqueeze(0) makes a batch of one sample");
}

/// The shape of scores without their class axis: one place for each sample.
inline Shape sample_shape(const Shape& scores) {
  Shape samples = scores;
  samples.erase(1);
  return samples;
}

[[noreturn]] void fail_label_shape(const char* op, const char* name, const Shape& scores,
                                   const Shape& labels);
[[noreturn]] void fail_label(const char* op, const kernels::CrossEntropyDims& dims,
                             const LongTensor& labels, Index position);

/// How many labels are not ignored.
Index count_labels(const LongTensor& labels, Index ignore_index);

/// The labels, contiguous, once they are known to fit the scores and their classes.
template <class T>
LongTensor checked_labels(const char* op, const char* name, const BasicTensor<T>& scores,
                          const LongTensor& labels_any, Index ignore_index) {
  const Shape& shape = defined(op, scores.impl()).shape;
  check_class_axis(op, name, shape);
  const Shape samples = sample_shape(shape);
  if (!(defined(op, labels_any.impl()).shape == samples)) {
    fail_label_shape(op, name, shape, labels_any.shape());
  }
  const auto labels = labels_any.contiguous();
  const kernels::CrossEntropyDims dims{samples.numel(), shape[1], ignore_index};
  const Index invalid = kernels::find_invalid_label(dims, labels.data());
  if (invalid >= 0) [[unlikely]]
    fail_label(op, dims, labels, invalid);
  return labels;
}

/// Throws unless there is a weight for each class.
void check_class_weight(const char* op, const TensorImpl* weight, Index classes);

/// What each label counts for, and all of them together.
template <class T>
struct LabelWeights {
  BasicTensor<T> each;  ///< of the labels' shape, 0 where ignored; undefined for weights of 1
  T total;
};

/// weight (C), a constant, undefined for 1 everywhere. Labels are valid.
template <class T>
LabelWeights<T> label_weights(const LongTensor& labels, const BasicTensor<T>& weight,
                              Index ignore_index);

/// Of losses that are 0 where labels are ignored. mean divides by the sum of the weights.
template <class T>
BasicTensor<T> reduce_weighted(const BasicTensor<T>& losses, const LabelWeights<T>& weights,
                               Reduction reduction) {
  const auto weighted = weights.each.defined() ? losses * weights.each : losses;
  if (reduction == Reduction::none) return weighted;
  return reduction == Reduction::sum ? sum(weighted) : sum(weighted) / weights.total;
}

}  // namespace tenon::detail
