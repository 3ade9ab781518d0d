#pragma once

#include <utility>

#include "tenon/autograd/record.hpp"
#include "tenon/base/random.hpp"

namespace tenon {

namespace detail {

/// What has been recorded since it was made, to be replaced by one node.
class TENON_API RecordedPart {
 public:
  RecordedPart();
  /// Forgets what was recorded for y, and prepares `recording` to record y as a function of all
  /// that it depended on outside, parameters included. False, and nothing happens, where y depends
  /// on nothing that was computed inside.
  bool replace(const TensorImpl* x, TensorImpl* y, Recording& recording);

 private:
  std::size_t nodes_;
  std::size_t arena_chunk_, arena_used_;
};

/// The gradients of y by all that was recorded before the node at `start`. Views are recorded where
/// they are first used, so those that f looks through may be younger than the node that runs.
TENON_API Gradients gradients_down_to(std::int32_t start, bool record, TensorImpl* y,
                                      TensorImpl* dy);

/// Adds what `gradients` has for the inputs of the node that runs.
template <class T>
void add_found(Sweep<T>& sweep, const Gradients& gradients) {
  for (int i = 0; i < sweep.input_count(); ++i) {
    TensorImpl* const g = gradients.find(sweep.id(i));
    if (g == nullptr) continue;
    retain(g);
    if (g->dtype == DType::float32) {
      sweep.add(i, BasicTensor<float>(g));
    } else {
      sweep.add(i, BasicTensor<double>(g));
    }
  }
}

/// Draws again what was drawn before, until the scope ends.
class ReplayedRandom {
 public:
  explicit ReplayedRandom(RandomKey state) : previous_(default_generator().state()) {
    default_generator().set_state(state);
  }
  ~ReplayedRandom() { default_generator().set_state(previous_); }
  ReplayedRandom(const ReplayedRandom&) = delete;
  ReplayedRandom& operator=(const ReplayedRandom&) = delete;

 private:
  RandomKey previous_;
};

/// Throws TapeError unless both have the same bits.
template <class T>
TENON_API void check_recomputed(const BasicTensor<T>& again, const BasicTensor<T>& y);

}  // namespace detail

/// y = f(x), of which the tape keeps x and y alone: the backward pass computes f(x) once more, with
/// the same random numbers, and so the same gradients bit for bit (what a tensor used several times
/// gets from inside f is added up first). Memory for time: what f's operations save lives only
/// while f runs and while its gradient is computed.
///
///   for (auto& block : blocks) h = checkpoint([&block](const Tensor& h) { return block(h); }, h);
///
/// x of any shape. f, a function of one tensor, is copied and called again in the backward pass:
/// what it captures by reference must outlive the tape; tensors are captured by value. Gradients of
/// parameters and of tracked tensors that f uses besides x are found by themselves. Derivatives are
/// of every order that f has. The gradient throws TapeError where f gives another result the second
/// time: where a parameter or x was changed in between, or f depends on what changes. A layer that
/// counts its calls (BatchNorm's running statistics) counts twice. As torch.utils.checkpoint.
/// Source: Chen et al., "Training deep nets with sublinear memory cost", arXiv:1604.06174, 2016.
template <class T, class F>
BasicTensor<T> checkpoint(F f, const BasicTensor<T>& x) {
  if (!Tape::is_recording()) return f(x);
  const RandomKey random = default_generator().state();
  detail::RecordedPart part;
  BasicTensor<T> y = f(x);
  detail::Recording recording;
  if (part.replace(x.impl(), y.impl(), recording)) {
    recording.rule(y, [f = std::move(f), x = detail::Saved(x), y = detail::Saved(y),
                       random](detail::Sweep<T>& sweep) mutable {
      const detail::ReplayedRandom replayed(random);
      const bool record = Tape::is_recording();
      Tape tape;
      const BasicTensor<T> again = f(*x);
      detail::check_recomputed(again, *y);
      detail::add_found(sweep, detail::gradients_down_to(sweep.position(), record, again.impl(),
                                                         sweep.dy().impl()));
    });
  }
  return y;
}

}  // namespace tenon
