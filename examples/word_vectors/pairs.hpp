#pragma once

// Which words are shown to the network together.

#include <algorithm>
#include <cmath>
#include <random>
#include <tenon/tenon.hpp>
#include <vector>

/// Draws words as often as the power 3/4 of their frequency.
class Noise {
 public:
  explicit Noise(const tenon::data::Vocabulary& vocabulary) {
    for (tenon::Index id = tenon::data::Vocabulary::first_word; id < vocabulary.size(); ++id) {
      const double share = std::pow(static_cast<double>(vocabulary.count(id)), 0.75);
      table_.insert(table_.end(), static_cast<std::size_t>(1 + share / 10), id);
    }
  }
  tenon::LongTensor draw(tenon::Index count) const {
    tenon::LongTensor ids = tenon::randint(0, static_cast<tenon::Index>(table_.size()), {count});
    for (tenon::Index i = 0; i < count; ++i) ids(i) = table_[static_cast<std::size_t>(ids(i))];
    return ids;
  }

 private:
  std::vector<tenon::Index> table_;
};

/// Turns texts into pairs of a word and one near it. Frequent words are dropped at random, the more
/// frequent the more often, and each word looks up to 1 .. window words far.
class Pairs {
 public:
  Pairs(const tenon::data::Vocabulary& vocabulary, tenon::Index window, std::uint64_t seed)
      : window_(window), random_(seed) {
    double all = 0;
    for (tenon::Index id = 0; id < vocabulary.size(); ++id) all += count(vocabulary, id);
    for (tenon::Index id = 0; id < vocabulary.size(); ++id) {
      const double share = count(vocabulary, id) / all;
      keep_.push_back(share == 0 ? 0 : std::min(1.0, std::sqrt(1e-4 / share)));
    }
  }

  /// Calls use(word, near) for each pair of a text.
  template <class F>
  void for_each(const std::vector<tenon::Index>& text, const F& use) {
    kept_.clear();
    for (const tenon::Index id : text) {
      if (uniform() < keep_[static_cast<std::size_t>(id)]) kept_.push_back(id);
    }
    const auto n = static_cast<std::ptrdiff_t>(kept_.size());
    for (std::ptrdiff_t i = 0; i < n; ++i) {
      const auto reach = static_cast<std::ptrdiff_t>(1 + uniform() * static_cast<double>(window_));
      const auto last = std::min(n - 1, i + reach);
      for (auto k = std::max<std::ptrdiff_t>(0, i - reach); k <= last; ++k) {
        if (k != i) use(kept_[static_cast<std::size_t>(i)], kept_[static_cast<std::size_t>(k)]);
      }
    }
  }

 private:
  static double count(const tenon::data::Vocabulary& vocabulary, tenon::Index id) {
    return static_cast<double>(vocabulary.count(id));
  }
  double uniform() { return static_cast<double>(random_() >> 11) * 0x1p-53; }

  tenon::Index window_;
  std::mt19937_64 random_;
  std::vector<double> keep_;  // by id
  std::vector<tenon::Index> kept_;
};
