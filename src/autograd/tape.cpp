#include "tenon/autograd/tape.hpp"

#include "context.hpp"
#include "sweep.hpp"
#include "tenon/base/error.hpp"

namespace tenon {

using detail::TapeContext;
using detail::TensorImpl;

Tape::Tape() {
  TapeContext& context = detail::tape_context();
  start_ = static_cast<Index>(context.nodes.size());
  context.marks.push_back(context.arena.mark());
  enclosing_ = std::exchange(context.top, this);
  enclosing_records_ = enclosing_ != nullptr && is_recording();
  detail::set_recording(&context);
}

Tape::~Tape() {
  TapeContext& context = detail::tape_context();
  context.top = enclosing_;
  // Under a recording tape the nodes stay: what they computed may be differentiated by it.
  if (!enclosing_records_) {
    context.truncate(static_cast<std::size_t>(start_));
    context.arena.rewind(context.marks.back());
    if (context.nodes.empty()) context.slots.clear();
    detail::set_recording(nullptr);
  }
  context.marks.pop_back();
}

Index Tape::size() const {
  return static_cast<Index>(detail::tape_context().nodes.size()) - start_;
}

TensorImpl* Tape::watch_impl(TensorImpl* x) {
  TapeContext& context = detail::tape_context();
  const std::int32_t known = context.track(*x);
  if (known >= 0) {
    context.nodes[static_cast<std::size_t>(known)]->keep_gradient = true;
    detail::retain(x);
    return x;
  }
  TensorImpl* leaf = detail::new_view(x, x->data, x->shape, x->strides);
  leaf->is_recorded = true;
  context.add_leaf(*leaf);
  return leaf;
}

namespace {

constexpr int most_growing_sweeps = 1000;

[[noreturn]] void fail_untracked(const TensorImpl& y) {
  detail::fail<TapeError>(
      "gradients", "the loss of shape ", y.shape,
      " was not recorded on this tape. It was computed before the tape was opened, under a NoTape "
      "or in another thread, or it depends on no nn::Parameter and on nothing watched; hint: open "
      "the tape in the same thread before the forward pass, and tape.watch(x) what is no "
      "parameter");
}

}  // namespace

Gradients Tape::sweep(TensorImpl* y, TensorImpl* dy) {
  TapeContext& context = detail::tape_context();
  if (dy == nullptr && y->shape.numel() != 1) {
    detail::fail<ShapeError>("gradients", "the loss must have one element, not shape ", y->shape,
                             "; hint: reduce it with sum() or mean(), or pass dy as well");
  }
  if (dy != nullptr && !(dy->shape == y->shape)) {
    detail::fail<ShapeError>("gradients", "dy has shape ", dy->shape, " but y has ", y->shape);
  }
  const std::int32_t node = context.track(*y);
  if (node < 0) fail_untracked(*y);
  if (enclosing_ == nullptr) {
    growing_sweeps_ = size() > size_at_last_sweep_ ? growing_sweeps_ + 1 : 0;
    size_at_last_sweep_ = size();
    if (growing_sweeps_ > most_growing_sweeps) {
      detail::fail<TapeError>("gradients", "this tape has grown before each of ",
                              most_growing_sweeps, " sweeps and holds ", size(),
                              " operations; hint: declare the Tape inside the training loop, so "
                              "that each step starts anew");
    }
  }
  // The sweep is recorded for the enclosing tape alone, if there is one and nothing suspends it.
  const bool record = enclosing_records_ && is_recording();
  const detail::RecordingScope scope(record ? &context : nullptr);
  return detail::reverse_sweep(context, node, static_cast<std::int32_t>(start_), y, dy);
}

NoTape::NoTape() noexcept : suspended_(detail::recording_context) {
  detail::set_recording(nullptr);
}

NoTape::~NoTape() { detail::set_recording(static_cast<TapeContext*>(suspended_)); }

}  // namespace tenon
