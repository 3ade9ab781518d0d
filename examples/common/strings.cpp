#include "strings.hpp"

#include <algorithm>
#include <random>
#include <set>

namespace example {

StringTask make_strings(Index train, Index test, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](Index n) { return static_cast<Index>(random() % std::uint64_t(n)); };
  std::set<String> met;
  std::vector<StringPair> pairs;
  while (static_cast<Index>(pairs.size()) < train + test) {
    String source(static_cast<std::size_t>(4 + below(Letters::longest - 3)));
    for (Index& letter : source) letter = Letters::first + below(Letters::count - Letters::first);
    if (met.insert(source).second)
      pairs.push_back({source, String(source.rbegin(), source.rend())});
  }
  return {{pairs.begin(), pairs.begin() + train}, {pairs.begin() + train, pairs.end()}};
}

StringBatch string_batch(const std::vector<StringPair>& pairs, const Index* positions,
                         Index count) {
  std::vector<String> source, shown, wanted;
  StringBatch batch;
  batch.lengths = tenon::LongTensor::empty({count});
  for (Index i = 0; i < count; ++i) {
    const StringPair& pair = pairs[static_cast<std::size_t>(positions[i])];
    batch.lengths(i) = static_cast<Index>(pair.source.size());
    source.push_back(pair.source);
    shown.push_back(pair.target);
    shown.back().insert(shown.back().begin(), Letters::start);
    wanted.push_back(pair.target);
    wanted.back().push_back(Letters::end);
  }
  const tenon::data::PadSequencesOptions behind{.padding = tenon::data::Side::post,
                                                .value = Letters::pad};
  batch.source = tenon::data::pad_sequences(source, behind);
  batch.shown = tenon::data::pad_sequences(shown, behind);
  batch.wanted = tenon::data::pad_sequences(wanted, behind);
  return batch;
}

}  // namespace example
