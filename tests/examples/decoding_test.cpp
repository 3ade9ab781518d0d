// How the sequence-to-sequence examples write: a beam finds what a greedy writer walks past.

#include "../../examples/common/decoding.hpp"

#include <cmath>
#include <tenon/tenon.hpp>

#include "catch.hpp"

using namespace tenon;
using example::Letters;
using example::String;

namespace {

constexpr Index a = Letters::first, b = Letters::first + 1;

/// Begins with a (0.6) or b (0.4). Behind a all letters are equally likely, behind b comes the end.
Tensor misleading(const LongTensor& prefixes) {
  auto scores = full({prefixes.size(0), Letters::count}, std::log(1e-6F));
  for (Index i = 0; i < prefixes.size(0); ++i) {
    const Index last = prefixes(i, -1);
    if (last == Letters::start) {
      scores(i, a) = std::log(0.6F);
      scores(i, b) = std::log(0.4F);
    } else if (last == b) {
      scores(i, Letters::end) = 0;
    } else {
      scores[i].fill_(std::log(1 / static_cast<float>(Letters::count)));
      scores(i, Letters::end) += 0.01F;
    }
  }
  return scores;
}

}  // namespace

TEST_CASE("a greedy writer takes the most likely letter each time", "[examples][decoding]") {
  const auto strings = example::decode_greedily(2, misleading);
  CHECK(strings == std::vector<String>{{a}, {a}});
}

TEST_CASE("a beam finds the most likely string", "[examples][decoding]") {
  CHECK(example::decode_by_beam(1, misleading) == String{a});
  CHECK(example::decode_by_beam(4, misleading) == String{b});
}

TEST_CASE("a string without an end is cut where the longest one would be", "[examples][decoding]") {
  const auto endless = [](const LongTensor& prefixes) {
    auto scores = full({prefixes.size(0), Letters::count}, -100.0F);
    scores.select(1, a).fill_(0);
    scores.select(1, Letters::end).fill_(-std::numeric_limits<float>::infinity());
    return scores;
  };
  CHECK(example::decode_greedily(1, endless)[0].size() == Letters::longest + 1);
  CHECK(example::decode_by_beam(3, endless).empty());
}
