#pragma once

#include "tenon/tensor/tensor.hpp"

namespace tenon::detail {

/// A batch of scores with the true classes, as metrics of classes want it.
template <class T>
struct LabelledRows {
  BasicTensor<T> scores;  // contiguous, n rows of c
  LongTensor labels;      // contiguous, n: in [0, classes()) or ignore_index
  Index n = 0;
  Index c = 1;  // 1: one score, of class 1 against class 0
  Index classes() const { return c == 1 ? 2 : c; }
};

/// Checks the shapes and labels described at DecisionOptions. op names the metric in errors.
template <class T>
LabelledRows<T> labelled_rows(const char* op, const BasicTensor<T>& prediction,
                              const LongTensor& target, Index ignore_index);
template <class T>
LabelledRows<T> labelled_rows(const char* op, const BasicTensor<T>& prediction,
                              const BasicTensor<T>& target, Index ignore_index);

}  // namespace tenon::detail
