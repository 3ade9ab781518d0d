#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>

#include "tenon/base/shape.hpp"

/// What a Profiler listens to: scopes around operations, layers and rules, and the work that
/// kernels report. Without one in the thread each costs a load and a test;
/// docs/design/profiling.md.
namespace tenon::detail {

class ProfileRecorder;

/// The recorder of the Profiler that is active in this thread, null without one. This TLS model
/// reads it without a call in position-independent code too.
extern constinit thread_local ProfileRecorder* profile_recorder
    __attribute__((tls_model("initial-exec")));

inline bool is_profiled() noexcept { return profile_recorder != nullptr; }

enum class ProfileKind : std::uint8_t {
  root,
  layer,
  operation,
  backward,  ///< the rule of an operation
  sweep,     ///< Tape::gradients, less the rules
  optimizer,
  range,  ///< a ProfileScope
};

// Called only where is_profiled(). What begins a scope returns what profile_end() wants to know.

/// name: a static string.
int profile_begin(ProfileKind kind, const char* name) noexcept;
int profile_begin_range(std::string_view name) noexcept;
/// type and description: of a layer that can tell; null otherwise.
int profile_begin_layer(const void* layer, const std::type_info* type,
                        std::string (*description)(const void* layer)) noexcept;
/// recorded: what profile_recorded() said when the operation was recorded, 0 if nobody asked.
int profile_begin_backward(std::uint64_t recorded, const char* op, const void* layer) noexcept;
/// Ends the scope, and those inside it that an error has left open, unless recorder has stopped.
void profile_end(ProfileRecorder* recorder, int depth) noexcept;

/// What the rule of an operation that is being recorded now will be a part of. apart: it is no part
/// of the operation that runs, but a step of its own.
std::uint64_t profile_recorded(const char* op, bool apart) noexcept;
/// The layer that runs in the innermost scope has computed something of that shape.
void profile_output(const Shape& shape) noexcept;
void profile_count(Index flops, Index bytes, bool is_double) noexcept;

/// From here to the end of the block something runs that profiles show.
class OpScope {
 public:
  /// The forward pass of an operation; op is a static string.
  explicit OpScope(const char* op) noexcept
      : OpScope([op] { return profile_begin(ProfileKind::operation, op); }) {}
  /// begin() calls one of the functions above.
  template <class Begin>
  requires std::is_invocable_r_v<int, Begin>
  explicit OpScope(const Begin& begin) noexcept : recorder_(profile_recorder) {
    if (recorder_ != nullptr) [[unlikely]]
      depth_ = begin();
  }
  ~OpScope() {
    if (recorder_ != nullptr) [[unlikely]]
      profile_end(recorder_, depth_);
  }
  OpScope(const OpScope&) = delete;
  OpScope& operator=(const OpScope&) = delete;

 private:
  ProfileRecorder* recorder_;
  int depth_ = 0;
};

/// Work that is done now: floating-point operations in T, and bytes that must at least be read and
/// written. For an operation that calls no kernel; kernels have kernels/work.hpp.
template <class T>
void count_work(Index flops, Index bytes) noexcept {
  if (is_profiled()) [[unlikely]]
    profile_count(flops, bytes, sizeof(T) == sizeof(double));
}

}  // namespace tenon::detail
