#include "base/profile_recorder.hpp"

#include <atomic>
#include <chrono>
#include <cstring>
#include <utility>

#include "tenon/base/memory.hpp"

namespace tenon::detail {

constinit thread_local ProfileRecorder* profile_recorder = nullptr;

namespace {

std::int64_t now() noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::int64_t allocated_so_far() noexcept {
  return static_cast<std::int64_t>(thread_allocated_bytes());
}

/// What the layer says of itself, which may run operations that are not to be seen.
std::string described(const void* layer, std::string (*description)(const void*)) {
  if (description == nullptr) return "";
  ProfileRecorder* const recorder = std::exchange(profile_recorder, nullptr);
  std::string text;
  try {
    text = description(layer);
  } catch (...) {  // a layer whose description fails is profiled without one
  }
  profile_recorder = recorder;
  return text;
}

std::uint64_t new_serial() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace

ProfileRecorder::ProfileRecorder(std::size_t max_events, std::size_t max_contexts)
    : enclosing_(profile_recorder),
      serial_(new_serial()),
      max_contexts_(max_contexts),
      max_events_(max_events) {
  contexts_.reserve(256);
  frames_.reserve(64);
  contexts_.emplace_back();
  start_ = now();
  frames_.push_back({0, 0, start_, allocated_so_far()});
  profile_recorder = this;
}

bool ProfileRecorder::stop() noexcept {
  if (stopped_) return true;
  ProfileRecorder** link = &profile_recorder;
  while (*link != nullptr && *link != this) link = &(*link)->enclosing_;
  if (*link == nullptr) return false;
  *link = enclosing_;
  stop_ = now();
  const std::int64_t allocated = allocated_so_far();
  while (!frames_.empty()) pop(stop_, allocated);
  stopped_ = true;
  return true;
}

/// The child of parent that matches, or -1. Programs repeat themselves: the search goes on behind
/// the child that was found last, so that the next one of a sequence is found at once.
template <class Matches>
std::int32_t ProfileRecorder::find(std::int32_t parent, const Matches& matches) noexcept {
  const std::int32_t last = at(parent).found;
  for (std::int32_t i = last; i >= 0;) {
    i = at(i).next;
    if (matches(at(i))) return at(parent).found = i;
    if (i == last) break;
  }
  return -1;
}

std::int32_t ProfileRecorder::add(std::int32_t parent, ProfileContext context) {
  if (contexts_.size() >= max_contexts_) return parent;
  const auto i = static_cast<std::int32_t>(contexts_.size());
  const std::int32_t last = at(parent).found;
  context.parent = parent;
  context.next = last < 0 ? i : at(last).next;
  contexts_.push_back(std::move(context));
  if (last >= 0) at(last).next = i;
  return at(parent).found = i;
}

std::int32_t ProfileRecorder::child(std::int32_t parent, ProfileKind kind, const char* name) {
  const std::int32_t found =
      find(parent, [&](const ProfileContext& c) { return c.key == name && c.kind == kind; });
  return found >= 0 ? found : add(parent, {.kind = kind, .key = name, .label = name});
}

std::int32_t ProfileRecorder::layer_child(std::int32_t parent, const void* layer,
                                          const std::type_info* type,
                                          std::string (*description)(const void*)) {
  const std::int32_t found = find(parent, [&](const ProfileContext& c) {
    return c.key == layer && c.type == type && c.kind == ProfileKind::layer;
  });
  if (found >= 0) return found;
  return add(parent, {.kind = ProfileKind::layer,
                      .key = layer,
                      .type = type,
                      .label = described(layer, description)});
}

int ProfileRecorder::push(std::int32_t context, std::int32_t owner) {
  const auto depth = static_cast<int>(frames_.size());
  frames_.push_back({context, owner});
  const bool has_own_context = context != frames_[frames_.size() - 2].owner;
  if (has_own_context) ++at(context).calls;
  Frame& frame = frames_.back();
  frame.allocated_start = allocated_so_far();
  frame.start = now();
  return depth;
}

// A scope for which there is no memory is not counted: its depth is that of what it stands in.

int ProfileRecorder::begin(ProfileKind kind, const char* name) noexcept try {
  const std::int32_t context = child(frames_.back().owner, kind, name);
  return push(context, context);
} catch (...) {
  return static_cast<int>(frames_.size());
}

int ProfileRecorder::begin_range(std::string_view name) noexcept try {
  const std::int32_t owner = frames_.back().owner;
  std::int32_t context = find(owner, [&](const ProfileContext& c) {
    return c.kind == ProfileKind::range && c.label == name;
  });
  if (context < 0) context = add(owner, {.kind = ProfileKind::range, .label = std::string(name)});
  return push(context, owner);
} catch (...) {
  return static_cast<int>(frames_.size());
}

int ProfileRecorder::begin_layer(const void* layer, const std::type_info* type,
                                 std::string (*description)(const void*)) noexcept try {
  const std::int32_t context = layer_child(frames_.back().owner, layer, type, description);
  return push(context, context);
} catch (...) {
  return static_cast<int>(frames_.size());
}

int ProfileRecorder::begin_backward(std::uint64_t recorded, const char* op,
                                    const void* layer) noexcept try {
  auto operation = static_cast<std::int32_t>(recorded & 0xffffffff);
  if (recorded >> 32 != (serial_ & 0xffffffff)) {  // recorded before this profile began
    const std::int32_t in = layer == nullptr ? 0 : layer_child(0, layer, nullptr, nullptr);
    operation = child(in, ProfileKind::operation, op);
  }
  const std::int32_t context = child(operation, ProfileKind::backward, op);
  return push(context, context);
} catch (...) {
  return static_cast<int>(frames_.size());
}

void ProfileRecorder::end(int depth) noexcept {
  if (frames_.size() <= static_cast<std::size_t>(depth)) return;
  const std::int64_t time = now(), allocated = allocated_so_far();
  while (frames_.size() > static_cast<std::size_t>(depth)) pop(time, allocated);
}

/// Whether this is a range that is not open among the outer frames: inside itself it is no longer.
bool ProfileRecorder::is_outermost(std::int32_t context, std::size_t outer_frames) const noexcept {
  if (contexts_[static_cast<std::size_t>(context)].kind != ProfileKind::range) return false;
  for (std::size_t i = 0; i < outer_frames; ++i) {
    if (frames_[i].context == context) return false;
  }
  return true;
}

void ProfileRecorder::pop(std::int64_t time, std::int64_t allocated) noexcept {
  const Frame frame = frames_.back();
  frames_.pop_back();
  const std::int64_t duration = time - frame.start;
  const std::int64_t bytes = allocated - frame.allocated_start;
  ProfileContext& context = at(frame.context);
  context.nanoseconds += duration - frame.inside;
  context.allocated += bytes - frame.allocated_inside;
  if (is_outermost(frame.context, frames_.size())) context.range_nanoseconds += duration;
  if (frames_.empty()) return;
  frames_.back().inside += duration;
  frames_.back().allocated_inside += bytes;
  keep_event({frame.start, duration, frame.context});
}

void ProfileRecorder::keep_event(const ProfileEvent& event) noexcept try {
  if (event_count_ >= max_events_) {
    ++dropped_events_;
    return;
  }
  if (event_count_ == chunks_.size() * chunk_events) {
    chunks_.push_back(std::make_unique<ProfileEvent[]>(chunk_events));
  }
  chunks_.back()[event_count_ % chunk_events] = event;
  ++event_count_;
} catch (...) {
  ++dropped_events_;
}

std::uint64_t ProfileRecorder::recorded(const char* op, bool apart) noexcept try {
  std::int32_t owner = frames_.back().owner;
  const auto runs = [&](ProfileKind kind) { return at(owner).kind == kind; };
  const bool is_scope_of_op =
      runs(ProfileKind::operation) && !apart &&
      (at(owner).key == op || std::strcmp(at(owner).label.c_str(), op) == 0);
  if (!is_scope_of_op) {
    while (apart && runs(ProfileKind::operation)) owner = at(owner).parent;
    owner = child(owner, ProfileKind::operation, op);
    ++at(owner).calls;
  }
  return serial_ << 32 | static_cast<std::uint32_t>(owner);
} catch (...) {
  return 0;
}

void ProfileRecorder::output(const Shape& shape) noexcept {
  ProfileContext& context = at(frames_.back().context);
  if (context.kind != ProfileKind::layer) return;
  ++context.outputs;
  context.output = shape;
}

void ProfileRecorder::count(Index flops, Index bytes, bool is_double) noexcept {
  ProfileContext& context = at(frames_.back().context);
  (is_double ? context.double_flops : context.float_flops) += flops;
  context.bytes += bytes;
}

std::vector<ProfileContext> ProfileRecorder::contexts() const {
  std::vector<ProfileContext> result = contexts_;
  if (stopped_) return result;
  const std::int64_t time = now(), allocated = allocated_so_far();
  std::int64_t inner = 0, inner_allocated = 0;  // of the frame inside the one looked at
  for (std::size_t i = frames_.size(); i-- > 0;) {
    const Frame& frame = frames_[i];
    ProfileContext& context = result[static_cast<std::size_t>(frame.context)];
    const std::int64_t duration = time - frame.start, bytes = allocated - frame.allocated_start;
    context.nanoseconds += duration - frame.inside - inner;
    context.allocated += bytes - frame.allocated_inside - inner_allocated;
    if (is_outermost(frame.context, i)) context.range_nanoseconds += duration;
    inner = duration;
    inner_allocated = bytes;
  }
  return result;
}

std::int64_t ProfileRecorder::nanoseconds() const { return (stopped_ ? stop_ : now()) - start_; }

int profile_begin(ProfileKind kind, const char* name) noexcept {
  return profile_recorder->begin(kind, name);
}
int profile_begin_range(std::string_view name) noexcept {
  return profile_recorder->begin_range(name);
}
int profile_begin_layer(const void* layer, const std::type_info* type,
                        std::string (*description)(const void*)) noexcept {
  return profile_recorder->begin_layer(layer, type, description);
}
int profile_begin_backward(std::uint64_t recorded, const char* op, const void* layer) noexcept {
  return profile_recorder->begin_backward(recorded, op, layer);
}

void profile_end(ProfileRecorder* recorder, int depth) noexcept {
  // Only compared: the recorder may be gone, or an inner one may be listening now.
  if (recorder == profile_recorder) recorder->end(depth);
}

std::uint64_t profile_recorded(const char* op, bool apart) noexcept {
  return profile_recorder->recorded(op, apart);
}
void profile_output(const Shape& shape) noexcept { profile_recorder->output(shape); }

void profile_count(Index flops, Index bytes, bool is_double) noexcept {
  profile_recorder->count(flops, bytes, is_double);
}

}  // namespace tenon::detail
