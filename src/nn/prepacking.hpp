#pragma once

namespace tenon::detail {

/// While one lives, layers that run in this thread prepack the weights they use.
class Prepacking {
 public:
  [[nodiscard]] Prepacking() noexcept;
  ~Prepacking();
  Prepacking(const Prepacking&) = delete;
  Prepacking& operator=(const Prepacking&) = delete;

  static bool is_on() noexcept;

 private:
  bool was_on_;
};

}  // namespace tenon::detail
