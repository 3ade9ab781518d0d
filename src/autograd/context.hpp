#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tenon/autograd/record.hpp"

namespace tenon::detail {

class AnomalyListener;

/// The innermost layer whose forward pass runs in this thread, null outside of one.
extern constinit thread_local const LayerScope* current_layer_scope
    __attribute__((tls_model("initial-exec")));

/// Memory for nodes: handed out front to back, given back all at once down to a mark, kept for the
/// next tape. Nothing is allocated once the largest tape has been seen.
class NodeArena {
 public:
  NodeArena() = default;
  ~NodeArena();
  NodeArena(const NodeArena&) = delete;
  NodeArena& operator=(const NodeArena&) = delete;

  struct Mark {
    std::size_t chunk = 0, used = 0;
  };
  void* allocate(std::size_t bytes);
  Mark mark() const { return {chunk_, used_}; }
  void rewind(Mark mark) {
    chunk_ = mark.chunk;
    used_ = mark.used;
  }

 private:
  struct Chunk {
    std::byte* data;
    std::size_t size;
  };
  std::vector<Chunk> chunks_;
  std::size_t chunk_ = 0;  // the one being filled
  std::size_t used_ = 0;   // of it
};

/// Finds the node of a tensor by the tensor's id. Open addressing; entries of ended tapes are not
/// removed one by one: find() is told what counts as alive.
class SlotTable {
 public:
  /// The node recorded last for id, or -1.
  std::int32_t find(std::uint64_t id) const {
    if (entries_.empty()) return -1;
    for (std::size_t i = hash(id);; ++i) {
      const Entry& entry = entries_[i & mask_];
      if (entry.generation != generation_) return -1;
      if (entry.id == id) return entry.node;
    }
  }
  void insert(std::uint64_t id, std::int32_t node);
  void clear();
  std::size_t size() const { return count_; }

 private:
  struct Entry {
    std::uint64_t id = 0;
    std::int32_t node = -1;
    std::uint32_t generation = 0;
  };
  std::size_t hash(std::uint64_t id) const {
    return static_cast<std::size_t>((id * 0x9e3779b97f4a7c15u) >> shift_);
  }
  void grow();

  std::vector<Entry> entries_;
  std::size_t mask_ = 0;
  std::size_t count_ = 0;
  int shift_ = 64;
  std::uint32_t generation_ = 1;
};

/// What a reverse sweep works on; kept for the next one.
struct SweepStorage {
  std::vector<TensorImpl*> gradients;  // one for each node, all null between sweeps
  std::vector<std::int32_t> kept;      // the nodes whose gradients are results
};

/// All that the tapes of one thread share.
struct TapeContext {
  ~TapeContext();

  NodeArena arena;
  std::vector<Node*> nodes;  // creation order is topological order
  std::vector<NodeArena::Mark> marks;
  SlotTable slots;
  Tape* top = nullptr;
  std::vector<SweepStorage> spare_storage;  // of sweeps that are done
  SweepStorage* sweep = nullptr;            // of the one that runs
  const Node* running = nullptr;            // whose rule runs, for its errors
  std::vector<std::int32_t> outside;        // what checkpoint() works on; kept for the next one
  std::vector<Node> leaves;
  std::vector<std::uint64_t> profiled;  // what profiles call nodes; may be shorter than nodes
  AnomalyListener* anomaly = nullptr;   // looks at values while a DetectAnomaly is open

  void set_profiled(std::size_t node, std::uint64_t name) {
    if (profiled.size() <= node) profiled.resize(node + 1);
    profiled[node] = name;
  }
  /// What the profile that was active when the node was recorded calls it, or 0. Entries outlive
  /// their tapes, but a profile knows its own, and writes those of all nodes that are recorded
  /// while it is active.
  std::uint64_t profiled_as(std::int32_t node) const {
    const auto i = static_cast<std::size_t>(node);
    return i < profiled.size() ? profiled[i] : 0;
  }

  /// The node of x, which is recorded first where x is a parameter or a view of something tracked;
  /// -1 where x is a constant. Throws TapeError where x belongs to a tape that has ended.
  std::int32_t track(TensorImpl& x);
  std::int32_t find(std::uint64_t id) const {
    const std::int32_t node = slots.find(id);
    // Inside a tape that is still open, an entry may outlive the inner tape that it belonged to.
    const bool alive = node >= 0 && static_cast<std::size_t>(node) < nodes.size() &&
                       nodes[static_cast<std::size_t>(node)]->id == id;
    return alive ? node : -1;
  }
  std::int32_t add_leaf(TensorImpl& x);
  /// A leaf that has been truncated.
  std::int32_t add_again(const Node& leaf);
  void push(Node& node, TensorImpl& y);
  /// Destroys all nodes from start on.
  void truncate(std::size_t start);
};

/// The context of this thread, made at its first tape.
TapeContext& tape_context();

/// Switches recording on (context) or off (null) until the scope ends.
class RecordingScope {
 public:
  explicit RecordingScope(TapeContext* context);
  ~RecordingScope();
  RecordingScope(const RecordingScope&) = delete;
  RecordingScope& operator=(const RecordingScope&) = delete;

 private:
  TapeContext* previous_;
};
void set_recording(TapeContext* context) noexcept;

/// Records v, a view of the tracked base, and returns its node; see view.cpp.
std::int32_t record_view(TapeContext& context, const TensorImpl& base, TensorImpl& v);
/// The listener that keeps copies connected.
void record_copy(const TensorImpl& from, TensorImpl& to);

}  // namespace tenon::detail
