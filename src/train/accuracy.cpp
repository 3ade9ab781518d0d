#include "tenon/train/accuracy.hpp"

#include <cmath>
#include <limits>

#include "train/decisions.hpp"
#include "train/labelled_rows.hpp"
#include "train/metric_state.hpp"

namespace tenon {
namespace {

using detail::Hits;

void add(Hits& total, const Hits& found) {
  total.hits += found.hits;
  total.count += found.count;
}

double share(const Hits& total) {
  return total.count == 0 ? std::numeric_limits<double>::quiet_NaN()
                          : static_cast<double>(total.hits) / static_cast<double>(total.count);
}

std::vector<double> save(const Hits& total) {
  return {static_cast<double>(total.hits), static_cast<double>(total.count)};
}

Hits load(const char* op, const std::vector<double>& state) {
  detail::check_state_size(op, state, 2);
  return {detail::state_count(op, state, 0), detail::state_count(op, state, 1)};
}

Hits count_hits(const detail::Decisions& decisions) {
  Hits found{0, decisions.n};
  decisions.each([&](Index truth, Index predicted) { found.hits += truth == predicted; });
  return found;
}

/// Whether fewer than k classes stand above the true one.
template <class T>
bool is_among_first(const T* row, Index c, Index truth, Index k) {
  Index above = 0;
  for (Index i = 0; i < c; ++i) {
    if (std::isnan(row[i])) return false;
    above += row[i] > row[truth] || (row[i] == row[truth] && i < truth);
  }
  return above < k;
}

template <class T, class U>
Hits count_top_k(const BasicTensor<T>& prediction, const BasicTensor<U>& target, Index k,
                 Index ignore_index) {
  constexpr const char* op = "TopKAccuracy";
  const auto rows = detail::labelled_rows(op, prediction, target, ignore_index);
  if (k > rows.c || rows.c == 1) {
    detail::fail<ValueError>(op, "k=", k, " of C=", rows.c, " scores a sample: prediction ",
                             prediction.shape(),
                             "; hint: k is at most the number of classes, and a single score is "
                             "for Accuracy");
  }
  Hits found;
  const T* row = rows.scores.data();
  for (Index i = 0; i < rows.n; ++i, row += rows.c) {
    const Index label = rows.labels.data()[i];
    if (label == ignore_index) continue;
    ++found.count;
    found.hits += is_among_first(row, rows.c, label, k);
  }
  return found;
}

}  // namespace

template <std::floating_point T>
void Accuracy::update(const BasicTensor<T>& prediction, const LongTensor& target) {
  add(hits_, count_hits(detail::decide("Accuracy", prediction, target, options_)));
}

template <std::floating_point T>
void Accuracy::update(const BasicTensor<T>& prediction, const BasicTensor<T>& target) {
  add(hits_, count_hits(detail::decide("Accuracy", prediction, target, options_)));
}

double Accuracy::result() const { return share(hits_); }

std::vector<double> Accuracy::state() const { return save(hits_); }

void Accuracy::load_state(const std::vector<double>& state) { hits_ = load("Accuracy", state); }

TopKAccuracy::TopKAccuracy(Index k, Index ignore_index) : k_(k), ignore_index_(ignore_index) {
  if (k >= 1) return;
  detail::fail<ValueError>("TopKAccuracy", "k must be at least 1 but is ", k,
                           "; hint: 5 is the common choice");
}

std::string TopKAccuracy::name() const { return "top_" + std::to_string(k_) + "_accuracy"; }

template <std::floating_point T>
void TopKAccuracy::update(const BasicTensor<T>& prediction, const LongTensor& target) {
  add(hits_, count_top_k(prediction, target, k_, ignore_index_));
}

template <std::floating_point T>
void TopKAccuracy::update(const BasicTensor<T>& prediction, const BasicTensor<T>& target) {
  add(hits_, count_top_k(prediction, target, k_, ignore_index_));
}

double TopKAccuracy::result() const { return share(hits_); }

std::vector<double> TopKAccuracy::state() const { return save(hits_); }

void TopKAccuracy::load_state(const std::vector<double>& state) {
  hits_ = load("TopKAccuracy", state);
}

#define TENON_INSTANTIATE(T)                                                              \
  template TENON_API void Accuracy::update(const BasicTensor<T>&, const LongTensor&);     \
  template TENON_API void Accuracy::update(const BasicTensor<T>&, const BasicTensor<T>&); \
  template TENON_API void TopKAccuracy::update(const BasicTensor<T>&, const LongTensor&); \
  template TENON_API void TopKAccuracy::update(const BasicTensor<T>&, const BasicTensor<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
