#pragma once

#include <cstddef>

#include "tenon/autograd/gradients.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon {

namespace detail {
struct TapeContext;
/// What the tapes of this thread share while operations are being recorded, else null. Every
/// operation asks; with this TLS model that needs no call.
extern TENON_API constinit thread_local TapeContext* recording_context
    __attribute__((tls_model("initial-exec")));
}  // namespace detail

/// Records the operations of this thread until the scope ends, so that gradients can be taken:
///
///   Tape tape;
///   Tensor loss = mse_loss(net(x), y);
///   Gradients g = tape.gradients(loss);
///
/// Without a tape nothing is recorded and nothing saved. An operation is recorded where one of its
/// inputs is a leaf (nn::Parameter, or what watch() returned) or depends on one.
///
/// Tapes nest. All tapes of a thread share one list of nodes; an inner tape is a position in it.
/// What was made before the inner tape is an independent variable for it, and gradients taken under
/// an enclosing tape are themselves recorded, so that they can be differentiated again:
///
///   Tape outer;
///   auto v = outer.watch(x);
///   Tensor du;
///   { Tape inner; du = inner.gradients(sum(net(v)))[v]; }
///   Gradients second = outer.gradients(sum(du * du));
class TENON_API Tape {
 public:
  [[nodiscard]] Tape();
  ~Tape();
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;
  static void* operator new(std::size_t) = delete;  // a scope, not an object on the heap

  /// The same values as a leaf. An x that is already tracked is returned as it is, and its gradient
  /// is kept although it is no leaf.
  template <class T>
  BasicTensor<T> watch(const BasicTensor<T>& x) {
    return BasicTensor<T>(watch_impl(x.impl()));
  }

  /// d loss / d leaf for every leaf; loss has one element. May be called again on the same tape.
  /// Throws ShapeError where loss is not a scalar, TapeError where it was not recorded here or a
  /// saved tensor was changed in between.
  template <class T>
  Gradients gradients(const BasicTensor<T>& loss) {
    return sweep(loss.impl(), nullptr);
  }
  /// The vector-Jacobian product: sum over all elements of dy times d y / d leaf; dy has y's shape.
  template <class T>
  Gradients gradients(const BasicTensor<T>& y, const BasicTensor<T>& dy) {
    return sweep(y.impl(), dy.impl());
  }

  /// How many operations (and leaves) this tape and those inside it have recorded.
  Index size() const;

  /// Whether the operations of this thread are being recorded.
  static bool is_recording() noexcept { return detail::recording_context != nullptr; }

 private:
  detail::TensorImpl* watch_impl(detail::TensorImpl* x);
  Gradients sweep(detail::TensorImpl* y, detail::TensorImpl* dy);

  Index start_;             // position of the first own node
  Tape* enclosing_;         // the tape that was open in this thread before
  bool enclosing_records_;  // whether it was recording: then nodes and sweeps of this one are its
                            // too
  Index size_at_last_sweep_ = 0;
  int growing_sweeps_ = 0;
};

/// Suspends recording until the scope ends, for updates by hand under an open tape.
class TENON_API NoTape {
 public:
  [[nodiscard]] NoTape() noexcept;
  ~NoTape();
  NoTape(const NoTape&) = delete;
  NoTape& operator=(const NoTape&) = delete;

 private:
  void* suspended_;
};

}  // namespace tenon
