#include "context.hpp"

#include <cstdlib>
#include <new>

#include "anomaly_listener.hpp"
#include "tenon/base/error.hpp"

namespace tenon::detail {

constinit thread_local TapeContext* recording_context = nullptr;

namespace {
constexpr std::size_t first_chunk_bytes = 64 * 1024;
constexpr std::size_t node_alignment = alignof(std::max_align_t);
}  // namespace

NodeArena::~NodeArena() {
  for (const Chunk& chunk : chunks_) std::free(chunk.data);
}

void* NodeArena::allocate(std::size_t bytes) {
  bytes = (bytes + node_alignment - 1) / node_alignment * node_alignment;
  while (chunk_ < chunks_.size() && used_ + bytes > chunks_[chunk_].size) {
    ++chunk_;
    used_ = 0;
  }
  if (chunk_ == chunks_.size()) {
    // Doubling keeps the number of chunks, and what the end of each wastes, small.
    std::size_t size = chunks_.empty() ? first_chunk_bytes : 2 * chunks_.back().size;
    while (size < bytes) size *= 2;
    auto* data = static_cast<std::byte*>(std::malloc(size));
    if (data == nullptr) throw std::bad_alloc();
    chunks_.push_back({data, size});
  }
  void* block = chunks_[chunk_].data + used_;
  used_ += bytes;
  return block;
}

void SlotTable::insert(std::uint64_t id, std::int32_t node) {
  if (2 * (count_ + 1) > entries_.size()) grow();
  for (std::size_t i = hash(id);; ++i) {
    Entry& entry = entries_[i & mask_];
    if (entry.generation == generation_ && entry.id != id) continue;
    if (entry.generation != generation_) ++count_;
    entry = {id, node, generation_};
    return;
  }
}

void SlotTable::clear() {
  count_ = 0;
  // Entries of an older generation count as empty, so clearing costs nothing.
  if (++generation_ == 0) {
    for (Entry& entry : entries_) entry.generation = 0;
    generation_ = 1;
  }
}

void SlotTable::grow() {
  std::vector<Entry> old(entries_.empty() ? 256 : 2 * entries_.size());
  old.swap(entries_);
  mask_ = entries_.size() - 1;
  shift_ = 64;
  for (std::size_t n = entries_.size(); n > 1; n /= 2) --shift_;
  count_ = 0;
  for (const Entry& entry : old) {
    if (entry.generation == generation_) insert(entry.id, entry.node);
  }
}

TapeContext::~TapeContext() { truncate(0); }

TapeContext& tape_context() {
  static thread_local TapeContext context;
  return context;
}

void set_recording(TapeContext* context) noexcept {
  recording_context = context;
  set_copy_listener(context != nullptr ? &record_copy : nullptr);
}

RecordingScope::RecordingScope(TapeContext* context) : previous_(recording_context) {
  set_recording(context);
}

RecordingScope::~RecordingScope() { set_recording(previous_); }

void TapeContext::push(Node& node, TensorImpl& y) {
  node.id = y.id;
  node.dtype = y.dtype;
  node.shape = y.shape;
  nodes.push_back(&node);
  slots.insert(y.id, static_cast<std::int32_t>(nodes.size() - 1));
}

std::int32_t TapeContext::add_leaf(TensorImpl& x) {
  auto* node = new (arena.allocate(sizeof(Node))) Node;
  node->op = "leaf";
  node->keep_gradient = true;
  push(*node, x);
  return static_cast<std::int32_t>(nodes.size() - 1);
}

void TapeContext::truncate(std::size_t start) {
  while (nodes.size() > start) {
    Node* node = nodes.back();
    nodes.pop_back();
    if (node->destroy != nullptr) node->destroy(*node);
  }
  if (anomaly != nullptr) [[unlikely]]
    anomaly->on_truncate(static_cast<std::int32_t>(start));
}

namespace {

// A view with a repeated element has no one place per element in its parent, so gradients of its
// own views go to the parent's parent instead.
bool repeats_elements(const TensorImpl& x) {
  if (x.shape.numel() == 0) return false;
  for (int i = 0; i < x.shape.rank(); ++i) {
    if (x.strides[i] == 0 && x.shape[i] > 1) return true;
  }
  return false;
}

}  // namespace

std::int32_t TapeContext::track(TensorImpl& x) {
  if (x.dtype != DType::float32 && x.dtype != DType::float64) return -1;
  const std::int32_t known = find(x.id);
  if (known >= 0) return known;
  if (x.is_leaf) return add_leaf(x);
  if (x.is_recorded) {
    fail<TapeError>("tape", "a tensor of shape ", x.shape,
                    " was computed under a tape that has ended (or in another thread) and is used "
                    "under this one; hint: x.detach() carries its values on as a constant");
  }
  for (TensorImpl* view = &x; !view->is_detached && view->parent != nullptr;) {
    view = view->parent;
    std::int32_t node = find(view->id);
    if (node < 0 && view->is_leaf) node = add_leaf(*view);
    if (node >= 0 && !repeats_elements(*view)) return record_view(*this, *view, x);
    if (node < 0 && view->is_recorded) return track(*view);  // throws: view is stale
  }
  return -1;
}

}  // namespace tenon::detail
