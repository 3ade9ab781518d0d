#pragma once

// How a network that names the next letter writes a whole string.

#include <algorithm>
#include <limits>
#include <vector>

#include "strings.hpp"

namespace example {

/// Always takes the most likely letter, for a whole batch at once. next(prefixes (N, T)) gives the
/// scores (N, letters) of what follows each prefix.
template <class Next>
std::vector<String> decode_greedily(Index count, const Next& next) {
  using tenon::LongTensor;
  std::vector<String> strings(static_cast<std::size_t>(count));
  std::vector<bool> ended(strings.size());
  LongTensor prefixes = tenon::full<Index>({count, 1}, Letters::start);
  for (Index step = 0; step <= Letters::longest; ++step) {
    const LongTensor letters = tenon::argmax(next(prefixes), 1);
    for (std::size_t i = 0; i < strings.size(); ++i) {
      const Index letter = letters(i);
      ended[i] = ended[i] || letter == Letters::end;
      if (!ended[i]) strings[i].push_back(letter);
    }
    prefixes = tenon::cat({prefixes, letters.unsqueeze(1)}, 1);
  }
  return strings;
}

/// Keeps the `width` most likely prefixes at each step, for one string, and returns the most likely
/// one that has ended. next(prefixes (B, T)) gives the logarithms of the probabilities (B, letters)
/// of what follows each.
template <class Next>
String decode_by_beam(Index width, const Next& next) {
  using tenon::LongTensor;
  struct Beam {
    String letters;
    double score;
  };
  constexpr double least = -std::numeric_limits<double>::infinity();
  std::vector<Beam> beams{{{Letters::start}, 0}};
  Beam best{{}, least};
  for (Index step = 0; step <= Letters::longest && !beams.empty(); ++step) {
    std::vector<String> prefixes;
    for (const Beam& beam : beams) prefixes.push_back(beam.letters);
    const tenon::Tensor scores = next(tenon::data::pad_sequences(prefixes));
    std::vector<Beam> longer;
    for (std::size_t b = 0; b < beams.size(); ++b) {
      for (Index letter = Letters::end; letter < Letters::count; ++letter) {
        Beam beam{beams[b].letters, beams[b].score + static_cast<double>(scores(b, letter))};
        if (letter != Letters::end) {
          beam.letters.push_back(letter);
          longer.push_back(std::move(beam));
        } else if (beam.score > best.score) {
          best = std::move(beam);
        }
      }
    }
    std::stable_sort(longer.begin(), longer.end(),
                     [](const Beam& x, const Beam& y) { return x.score > y.score; });
    longer.resize(std::min(longer.size(), static_cast<std::size_t>(width)));
    // A prefix can only become less likely than it is.
    while (!longer.empty() && longer.back().score <= best.score) longer.pop_back();
    beams = std::move(longer);
  }
  if (best.score == least) return {};
  return String(best.letters.begin() + 1, best.letters.end());
}

}  // namespace example
