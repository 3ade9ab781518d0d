#pragma once

#include <cstddef>
#include <cstdint>

#include "tenon/autograd/record.hpp"

namespace tenon::detail {

/// What the tape tells while a DetectAnomaly is open. The functions are virtual so that a program
/// that opens none does not link what is behind them. All but on_truncate may throw.
class AnomalyListener {
 public:
  virtual ~AnomalyListener() = default;

  /// An operation is about to be recorded; all values of its inputs are there. Entries are null
  /// where an input is not there.
  virtual void on_begin(const Recording& recording, TensorImpl* const* inputs,
                        std::size_t count) = 0;
  /// The node recorded last is that of y, a result of the operation.
  virtual void on_output(const Recording& recording, const TensorImpl& y) = 0;
  /// All nodes from start on have gone.
  virtual void on_truncate(std::int32_t start) noexcept = 0;
  /// A sweep begins at a node, whose value is y, with the gradient dy (null for ones).
  virtual void on_sweep(std::int32_t node, const TensorImpl& y, TensorImpl* dy) = 0;
  /// The rule of a node is about to turn dy, which may be null, into gradients of its inputs.
  virtual void on_rule(std::int32_t node, TensorImpl* dy) = 0;
  /// It has made the gradient g of input i; is_sum: g is that and what had arrived there before.
  virtual void on_gradient(std::int32_t node, int i, const TensorImpl& g, bool is_sum) = 0;
};

}  // namespace tenon::detail
