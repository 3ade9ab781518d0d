#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "tenon/base/error.hpp"

namespace tenon {

namespace detail {
class AnomalyListener;
}  // namespace detail

/// A value that is not finite, found while a DetectAnomaly is open. what() says where it arose,
/// what the operation was given, and what the cause may be; layer_path() and layer_description()
/// name the layer.
class TENON_API NonFiniteError : public Error {
 public:
  enum class Phase { forward, backward };

  NonFiniteError(const std::string& message, std::string op, Phase phase)
      : Error(message), op_(std::move(op)), phase_(phase) {}

  /// Of the operation whose result, or whose gradient, it was.
  const std::string& op() const noexcept { return op_; }
  Phase phase() const noexcept { return phase_; }

 private:
  std::string op_;
  Phase phase_;
};

/// Finds where NaN and infinity come from: until the scope ends, every result that this thread's
/// tapes record and every gradient of their sweeps is checked, and the first that is not finite
/// throws NonFiniteError, as torch.autograd.detect_anomaly does:
///
///   DetectAnomaly guard;
///   Tape tape;
///   optimizer.step(tape.gradients(cross_entropy(net(images), labels)));
///
/// -infinity is a mask's value, so it is let pass where it is not new: in the result of an
/// operation that was given one by an input that is no parameter (where(mask, scores, -inf),
/// scores + mask, log_softmax of masked scores). The loss and all gradients must be finite. What is
/// not recorded is not checked: constants, views, what runs without a tape.
///
/// Makes training slower, and keeps the inputs of all recorded operations until their tape ends;
/// without one, a recorded operation pays for two branches that are never taken. Open it before the
/// tape. Scopes nest; the inner one then does nothing.
class TENON_API DetectAnomaly {
 public:
  [[nodiscard]] DetectAnomaly();
  ~DetectAnomaly();
  DetectAnomaly(const DetectAnomaly&) = delete;
  DetectAnomaly& operator=(const DetectAnomaly&) = delete;
  static void* operator new(std::size_t) = delete;  // a scope, not an object on the heap

  /// Whether one is open in this thread.
  static bool is_enabled() noexcept;

 private:
  detail::AnomalyListener* listener_;  // null where an outer scope has one
};

}  // namespace tenon
