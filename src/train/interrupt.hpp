#pragma once

namespace tenon::detail {

/// While one lives, Ctrl-C (SIGINT) sets a flag instead of ending the program; the second one ends
/// it. Where the program handles the signal itself, or ignores it, nothing is changed. Several may
/// live at a time, in any threads; all see the flag.
class InterruptScope {
 public:
  InterruptScope();
  ~InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

  bool interrupted() const;
};

}  // namespace tenon::detail
