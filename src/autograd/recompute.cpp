#include "tenon/autograd/recompute.hpp"

#include <algorithm>
#include <cstring>

#include "context.hpp"
#include "sweep.hpp"
#include "tenon/base/error.hpp"

namespace tenon::detail {

RecordedPart::RecordedPart() {
  const TapeContext& context = *recording_context;
  nodes_ = context.nodes.size();
  arena_chunk_ = context.arena.mark().chunk;
  arena_used_ = context.arena.mark().used;
}

bool RecordedPart::replace(const TensorImpl* x, TensorImpl* y, Recording& recording) {
  TapeContext& context = *recording_context;
  if (y == nullptr || y == x || y->is_leaf) return false;
  const auto start = static_cast<std::int32_t>(nodes_);
  if (context.track(*y) < start) return false;
  // Nodes outside, and leaves that were met inside for the first time: these stay leaves.
  std::vector<std::int32_t>& outside = context.outside;
  std::vector<Node>& leaves = context.leaves;
  outside.clear();
  leaves.clear();
  for (std::size_t i = nodes_; i < context.nodes.size(); ++i) {
    const Node& node = *context.nodes[i];
    for (int k = 0; k < node.input_count; ++k) {
      if (node.inputs[k] >= 0 && node.inputs[k] < start) outside.push_back(node.inputs[k]);
    }
    if (node.run == nullptr && node.keep_gradient) leaves.push_back(node);
  }
  std::sort(outside.begin(), outside.end());
  outside.erase(std::unique(outside.begin(), outside.end()), outside.end());
  context.truncate(nodes_);
  context.arena.rewind({arena_chunk_, arena_used_});
  for (const Node& leaf : leaves) outside.push_back(context.add_again(leaf));
  recording.begin_at("checkpoint", outside.data(), outside.size());
  return true;
}

Gradients gradients_down_to(std::int32_t start, bool record, TensorImpl* y, TensorImpl* dy) {
  TapeContext& context = tape_context();
  const std::int32_t node = context.track(*y);
  if (node < start) return {};
  const RecordingScope scope(record ? &context : nullptr);
  return reverse_sweep(context, node, start, y, dy);
}

std::int32_t TapeContext::add_again(const Node& leaf) {
  auto* node = new (arena.allocate(sizeof(Node))) Node(leaf);
  nodes.push_back(node);
  const auto position = static_cast<std::int32_t>(nodes.size() - 1);
  slots.insert(node->id, position);
  return position;
}

void Recording::begin_at(const char* op, const std::int32_t* nodes, std::size_t count) {
  auto* const slots = static_cast<std::int32_t*>(
      recording_context->arena.allocate((count + 1) * sizeof(std::int32_t)));
  std::copy_n(nodes, count, slots);
  op_ = op;
  inputs_ = slots;
  count_ = static_cast<std::int32_t>(count);
}

template <class T>
void check_recomputed(const BasicTensor<T>& again, const BasicTensor<T>& y) {
  const NoTape values_only;
  bool same = again.defined() && again.shape() == y.shape();
  if (same && y.numel() > 0) {
    const BasicTensor<T> a = again.contiguous(), b = y.contiguous();
    same = std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.numel()) * sizeof(T)) == 0;
  }
  if (same) return;
  fail<TapeError>("checkpoint",
                  "the function gave another result in the backward pass than in the forward pass; "
                  "hint: take all gradients of a tape before the optimiser's step(), and let the "
                  "function depend on nothing else that changes");
}

template TENON_API void check_recomputed(const Tensor&, const Tensor&);
template TENON_API void check_recomputed(const DoubleTensor&, const DoubleTensor&);

}  // namespace tenon::detail
