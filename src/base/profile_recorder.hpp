#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <typeinfo>
#include <vector>

#include "base/profile.hpp"

namespace tenon::detail {

/// Who did something: a layer, an operation in it, an operation of that operation's rule ...
/// Parents say what belongs to what, which is not always what ran inside what: a rule belongs to
/// its operation and runs inside a sweep, and to a range belongs nothing. Everything counted
/// excludes other contexts.
struct ProfileContext {
  ProfileKind kind{};
  std::int32_t parent = -1;              // before it in the list
  std::int32_t next = -1;                // another child of parent, in a ring
  std::int32_t found = -1;               // the child that was looked for last
  const void* key = nullptr;             // of a layer its address, else the name's
  const std::type_info* type = nullptr;  // of a layer that can tell
  std::string label;                     // a layer's description, else the name
  Index calls = 0;
  std::int64_t nanoseconds = 0;
  std::int64_t range_nanoseconds = 0;  // of a range: all that ran inside it
  Index float_flops = 0, double_flops = 0;
  Index bytes = 0;
  std::int64_t allocated = 0;
  Index outputs = 0;  // of a layer: how often it has said what it computed
  Shape output = {};  // the last one
};

/// One run of a context, in nanoseconds of the steady clock.
struct ProfileEvent {
  std::int64_t start, duration;
  std::int32_t context;
};

/// Listens to one thread. Contexts add up whatever happens, however often; single events are kept
/// up to a maximum.
class ProfileRecorder {
 public:
  /// What is different each time (a name for every epoch, recursion) must not grow without end:
  /// beyond max_contexts it is added to what it ran in.
  explicit ProfileRecorder(std::size_t max_events, std::size_t max_contexts = 1 << 16);
  ~ProfileRecorder() = default;
  ProfileRecorder(const ProfileRecorder&) = delete;
  ProfileRecorder& operator=(const ProfileRecorder&) = delete;

  /// False where this is not one of the calling thread's recorders.
  bool stop() noexcept;

  int begin(ProfileKind kind, const char* name) noexcept;
  int begin_range(std::string_view name) noexcept;
  int begin_layer(const void* layer, const std::type_info* type,
                  std::string (*description)(const void*)) noexcept;
  int begin_backward(std::uint64_t recorded, const char* op, const void* layer) noexcept;
  void end(int depth) noexcept;
  std::uint64_t recorded(const char* op, bool apart) noexcept;
  void output(const Shape& shape) noexcept;
  void count(Index flops, Index bytes, bool is_double) noexcept;

  /// The first one is the root. What is still open counts up to now.
  std::vector<ProfileContext> contexts() const;
  /// From the start to stop(), or up to now.
  std::int64_t nanoseconds() const;

  std::int64_t start_time() const { return start_; }
  std::size_t event_count() const { return event_count_; }
  const ProfileEvent& event(std::size_t i) const {
    return chunks_[i / chunk_events][i % chunk_events];
  }
  std::size_t dropped_events() const { return dropped_events_; }

 private:
  struct Frame {
    std::int32_t context;
    std::int32_t owner;  // the parent of what begins inside
    std::int64_t start = 0, allocated_start = 0;
    std::int64_t inside = 0, allocated_inside = 0;  // of the frames inside this one that have ended
  };
  static constexpr std::size_t chunk_events = 4096;

  ProfileContext& at(std::int32_t i) { return contexts_[static_cast<std::size_t>(i)]; }
  template <class Matches>
  std::int32_t find(std::int32_t parent, const Matches& matches) noexcept;
  std::int32_t add(std::int32_t parent, ProfileContext context);
  std::int32_t child(std::int32_t parent, ProfileKind kind, const char* name);
  std::int32_t layer_child(std::int32_t parent, const void* layer, const std::type_info* type,
                           std::string (*description)(const void*));
  int push(std::int32_t context, std::int32_t owner);
  bool is_outermost(std::int32_t context, std::size_t outer_frames) const noexcept;
  void pop(std::int64_t time, std::int64_t allocated) noexcept;
  void keep_event(const ProfileEvent& event) noexcept;

  ProfileRecorder* enclosing_;  // what this thread listened with before
  std::uint64_t serial_;        // tells recorders apart in what recorded() returns
  std::vector<ProfileContext> contexts_;
  std::vector<Frame> frames_;  // of what is open; the first one is the root's
  std::vector<std::unique_ptr<ProfileEvent[]>> chunks_;
  std::size_t max_contexts_, max_events_, event_count_ = 0, dropped_events_ = 0;
  std::int64_t start_ = 0, stop_ = 0;
  bool stopped_ = false;
};

}  // namespace tenon::detail
