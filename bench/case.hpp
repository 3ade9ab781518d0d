#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tenon/base/shape.hpp"

/// One row of the scoreboard. Names are those of the peers' programs, so that each case meets the
/// same work on the other side.
namespace tenon::bench {

struct Case {
  std::string name;
  double flops = 0;  ///< additions and multiplications of one run; 0 where arithmetic is no limit
  double bytes = 0;  ///< that one run must at least read and write; 0 where memory is no limit
  /// Prepares the operands and gives what is timed.
  std::function<std::function<void()>()> prepare;
  std::string peer = {};  ///< whose work it is; empty for Tenon's own

  std::string full_name() const { return peer.empty() ? name : name + " @" + peer; }
};

/// All cases, Tenon's and the peers', in the order of their files.
std::vector<Case>& cases();

/// For the files' static objects: adds one case.
struct Register {
  explicit Register(Case c) { cases().push_back(std::move(c)); }
};

/// Keeps a result from being optimised away.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "r,m"(&value) : "memory");
}

/// "64x32x13x13"
std::string joined(const Shape& sizes);

}  // namespace tenon::bench
