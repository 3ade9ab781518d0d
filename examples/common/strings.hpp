#pragma once

// The task of the examples that translate one sequence into another: strings of 4 to 12 letters,
// to be written from their end.

#include <tenon/tenon.hpp>
#include <vector>

namespace example {

using tenon::Index;
using String = std::vector<Index>;

/// Ids: three special ones, then the letters.
struct Letters {
  static constexpr Index pad = 0, start = 1, end = 2, first = 3;
  static constexpr Index count = first + 16;
  static constexpr Index longest = 12;
};

/// What is read and what is to be written.
struct StringPair {
  String source, target;
};

/// `train` and `test` pairs, of which no two have the same source.
struct StringTask {
  std::vector<StringPair> train, test;
};
StringTask make_strings(Index train, Index test, std::uint64_t seed);

/// Some pairs as a network is taught by them: at each step of the target it is shown the letters
/// before (beginning with `start`) and has to name the next one (at last `end`).
struct StringBatch {
  tenon::LongTensor source, lengths;  ///< (N, L) padded, (N)
  tenon::LongTensor shown, wanted;    ///< (N, T) padded
};
StringBatch string_batch(const std::vector<StringPair>& pairs, const Index* positions, Index count);

}  // namespace example
