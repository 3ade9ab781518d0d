#pragma once

#include <utility>

#include "tenon/train/decision.hpp"

namespace tenon::detail {

/// The classes of a batch: true ones and predicted ones. What was to be ignored is left out.
struct Decisions {
  static constexpr Index none = -1;  // predicted where a score was NaN

  LongTensor truth, predicted;  // the first n values count
  Index n = 0;
  Index classes = 0;

  /// Calls f(true class, predicted class) for each sample.
  template <class F>
  void each(const F& f) const {
    for (Index i = 0; i < n; ++i) f(truth.data()[i], predicted.data()[i]);
  }
};

/// Throws ShapeError, ValueError in the name of op. U: std::int64_t or T.
template <class T, class U>
Decisions decide(const char* op, const BasicTensor<T>& prediction, const BasicTensor<U>& target,
                 const DecisionOptions& options);

}  // namespace tenon::detail
