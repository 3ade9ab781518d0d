#include "ops/class_labels.hpp"

#include <algorithm>

namespace tenon::detail {

void fail_label_shape(const char* op, const char* name, const Shape& scores, const Shape& labels) {
  std::string hint = "each sample has one integer label";
  if (labels == scores) {
    hint = "one-hot targets or probabilities are given as a tensor of the logits' type";
  } else if (labels.rank() == 2 && labels[1] == 1 && labels[0] == scores[0]) {
    hint = "labels.squeeze(-1)";
  }
  fail<ShapeError>(op, name, " ", to_string(scores, "NC"), " want labels of shape ",
                   to_string(sample_shape(scores), "N"), " but they have ", labels,
                   "; hint: ", hint);
}

void fail_label(const char* op, const kernels::CrossEntropyDims& dims, const LongTensor& labels,
                Index position) {
  const Index label = labels.data()[position];
  const bool ignores = dims.ignore_index != nothing_ignored;
  const char* hint = label == dims.c
                         ? "labels count from 0: subtract 1, or give the net one more output"
                     : ignores ? "samples to leave out carry ignore_index"
                               : "leave samples without a label out of the batch";
  const std::string ignored =
      ignores ? " or ignore_index (" + std::to_string(dims.ignore_index) + ")" : std::string();
  fail<ValueError>(op, label_text(labels.shape(), position), " is ", label,
                   " but must be in [0, C=", dims.c, ")", ignored, "; hint: ", hint);
}

Index count_labels(const LongTensor& labels, Index ignore_index) {
  const Index n = labels.numel();
  return n - std::count(labels.data(), labels.data() + n, ignore_index);
}

void check_class_weight(const char* op, const TensorImpl* weight, Index classes) {
  if (weight == nullptr || weight->shape == Shape{classes}) [[likely]]
    return;
  fail<ShapeError>(op, "weight must have shape ", to_string(Shape{classes}, "C"), " but has ",
                   weight->shape, "; hint: one weight for each class");
}

template <class T>
LabelWeights<T> label_weights(const LongTensor& labels, const BasicTensor<T>& weight_any,
                              Index ignore_index) {
  if (!weight_any.defined()) return {{}, static_cast<T>(count_labels(labels, ignore_index))};
  const auto weight = weight_any.contiguous();
  auto each = BasicTensor<T>::empty(labels.shape());
  double total = 0;
  for (Index i = 0; i < labels.numel(); ++i) {
    const Index label = labels.data()[i];
    each.data()[i] = label == ignore_index ? T(0) : weight.data()[label];
    total += static_cast<double>(each.data()[i]);
  }
  return {each, static_cast<T>(total)};
}

template LabelWeights<float> label_weights(const LongTensor&, const Tensor&, Index);
template LabelWeights<double> label_weights(const LongTensor&, const DoubleTensor&, Index);

}  // namespace tenon::detail
