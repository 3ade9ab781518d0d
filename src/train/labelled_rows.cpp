#include "train/labelled_rows.hpp"

#include <cmath>
#include <string>

#include "ops/position_text.hpp"
#include "tenon/autograd/tape.hpp"
#include "tenon/base/error.hpp"
#include "tensor/checks.hpp"

namespace tenon::detail {
namespace {

Shape without_last(Shape shape) {
  shape.erase(shape.rank() - 1);
  return shape;
}

Shape with_last(Shape shape, Index size) {
  shape.push_back(size);
  return shape;
}

/// Scores a sample if each has one label: (..., C) against (...), one score a sample against as
/// many labels; 0 where the shapes do not fit.
Index columns_for_labels(const Shape& prediction, const Shape& target) {
  const int rank = prediction.rank();
  if (rank >= 1 && without_last(prediction) == target) return prediction[rank - 1];
  const bool single = rank <= 1 || prediction[rank - 1] == 1;
  if (single && prediction == target) return 1;
  if (rank <= 1 && with_last(prediction, 1) == target) return 1;
  return 0;
}

std::string prediction_text(const Shape& shape) {
  constexpr const char* letters[] = {"", "N", "NC", "NLC"};
  return "prediction " + to_string(shape, shape.rank() <= 3 ? letters[shape.rank()] : "");
}

std::string target_text(const Shape& shape) {
  constexpr const char* letters[] = {"", "N", "NL"};
  return "target " + to_string(shape, shape.rank() <= 2 ? letters[shape.rank()] : "");
}

/// Whether the classes stand where cross_entropy wants them: (N, C, d1, ...) against (N, d1, ...).
bool has_classes_on_axis_1(Shape prediction, const Shape& target) {
  if (prediction.rank() < 3) return false;
  prediction.erase(1);
  return prediction == target;
}

[[noreturn]] void fail_shapes(const char* op, const Shape& prediction, const Shape& target,
                              bool integer) {
  std::string hint = integer ? "each sample has one label" : "integer labels are a LongTensor";
  if (has_classes_on_axis_1(prediction, target)) {
    hint = "the classes stand on the last axis: prediction.transpose(1, -1)";
  } else if (prediction == target) {
    hint =
        "one-hot labels are a tensor of the prediction's type; where each sample has several "
        "labels "
        "of 0 or 1, flatten() both";
  } else if (!integer && columns_for_labels(prediction, target) > 1) {
    hint = "target.to<std::int64_t>() makes labels of numbers";
  }
  fail<ShapeError>(op, prediction_text(prediction), " and ", target_text(target),
                   " do not fit: (N, C) scores want N labels, (N) or (N, 1) scores as many labels",
                   integer ? "" : " of 0 or 1, and (N, C) scores (N, C) probabilities",
                   "; hint: ", hint);
}

void check_labels(const char* op, const LongTensor& labels, Index classes, Index ignore_index) {
  const std::int64_t* y = labels.data();
  for (Index i = 0; i < labels.numel(); ++i) {
    if ((y[i] >= 0 && y[i] < classes) || y[i] == ignore_index) continue;
    fail<ValueError>(
        op, position_text("target", labels.shape(), i), " is ", y[i], " but must be in [0, ",
        classes, ") or ignore_index (", ignore_index, "); hint: ",
        y[i] == classes ? "labels count from 0" : "samples to leave out carry ignore_index");
  }
}

template <class T>
LongTensor binary_labels(const char* op, const BasicTensor<T>& target) {
  auto labels = LongTensor::empty(target.shape());
  const T* t = target.data();
  for (Index i = 0; i < target.numel(); ++i) {
    if (t[i] != T(0) && t[i] != T(1)) {
      fail<ValueError>(
          op, position_text("target", target.shape(), i), " is ", static_cast<double>(t[i]),
          " but must be 0 or 1; hint: compare with the labels before they are smoothed");
    }
    labels.data()[i] = t[i] == T(1);
  }
  return labels;
}

/// The class of the largest probability of each row, the first of equal ones.
template <class T>
LongTensor likeliest_labels(const char* op, const BasicTensor<T>& target, Index n, Index c) {
  constexpr double tolerance = 1e-3;
  auto labels = LongTensor::empty({n});
  const T* row = target.data();
  for (Index i = 0; i < n; ++i, row += c) {
    double sum = 0;
    Index largest = 0;
    bool in_range = true;
    for (Index k = 0; k < c; ++k) {
      sum += static_cast<double>(row[k]);
      in_range = in_range && row[k] >= T(0);
      if (row[k] > row[largest]) largest = k;
    }
    if (!in_range || !(std::abs(sum - 1) <= tolerance)) {
      fail<ValueError>(op, "a target of the prediction's shape ", target.shape(),
                       " holds a probability for each class, but row ", i, " adds up to ", sum,
                       in_range ? "" : " and is not free of negative values or NaN",
                       "; hint: where each sample has several labels of 0 or 1, flatten() both");
    }
    labels.data()[i] = largest;
  }
  return labels;
}

}  // namespace

template <class T>
LabelledRows<T> labelled_rows(const char* op, const BasicTensor<T>& prediction,
                              const LongTensor& target, Index ignore_index) {
  const Shape& p = defined(op, prediction.impl()).shape;
  const Shape& y = defined(op, target.impl()).shape;
  const Index c = columns_for_labels(p, y);
  if (c == 0) fail_shapes(op, p, y, true);
  const NoTape guard;
  LabelledRows<T> rows{prediction.contiguous(), target.contiguous(), y.numel(), c};
  check_labels(op, rows.labels, rows.classes(), ignore_index);
  return rows;
}

template <class T>
LabelledRows<T> labelled_rows(const char* op, const BasicTensor<T>& prediction,
                              const BasicTensor<T>& target, Index /*ignore_index*/) {
  const Shape& p = defined(op, prediction.impl()).shape;
  const Shape& y = defined(op, target.impl()).shape;
  const NoTape guard;
  if (columns_for_labels(p, y) == 1) {
    return {prediction.contiguous(), binary_labels(op, target.contiguous()), y.numel(), 1};
  }
  if (!(p == y) || p.rank() < 2 || p[p.rank() - 1] == 0) fail_shapes(op, p, y, false);
  const Index c = p[p.rank() - 1], n = without_last(p).numel();
  return {prediction.contiguous(), likeliest_labels(op, target.contiguous(), n, c), n, c};
}

#define TENON_INSTANTIATE(T)                                                                    \
  template LabelledRows<T> labelled_rows(const char*, const BasicTensor<T>&, const LongTensor&, \
                                         Index);                                                \
  template LabelledRows<T> labelled_rows(const char*, const BasicTensor<T>&,                    \
                                         const BasicTensor<T>&, Index);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::detail
