#include "tenon/data/splits.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "data/drawn_seed.hpp"
#include "tenon/base/error.hpp"
#include "tenon/base/random.hpp"

namespace tenon::detail {

namespace {

Positions shuffled(Index n, RandomKey key) {
  Positions order(static_cast<std::size_t>(n));
  fill_permutation(order.data(), n, key);
  return order;
}

/// Streams of their own, so that equal seeds elsewhere draw other numbers.
RandomKey stream(std::uint64_t seed, std::uint64_t name) { return {drawn_seed({seed, name}), 0}; }

/// The positions of each class in random order.
std::vector<Positions> classes_of(const LongTensor& ids, RandomKey key) {
  std::vector<Positions> classes;
  for (const Index i : shuffled(ids.size(0), key)) {
    const auto c = static_cast<std::size_t>(ids(i));
    if (c >= classes.size()) classes.resize(c + 1);
    classes[c].push_back(i);
  }
  return classes;
}

/// Positions in the order of a permutation drawn for them.
Positions mixed(const Positions& positions, RandomKey key) {
  Positions result = shuffled(static_cast<Index>(positions.size()), key);
  for (Index& i : result) i = positions[static_cast<std::size_t>(i)];
  return result;
}

[[noreturn]] void fail_class(const char* op, Index i, double label) {
  fail<ValueError>(op, "the label of sample ", i, " is ", label,
                   ", not a class 0, 1, 2, ...; hint: classes are numbered without large gaps");
}

/// Labels beyond that would rather be something else, such as prices, than classes.
constexpr double most_classes = 1 << 24;

template <class T>
LongTensor checked_ids(const char* op, const BasicTensor<T>& labels) {
  const bool is_row = labels.rank() == 1;
  if (!is_row && !(labels.rank() == 2 && labels.size(1) == 1)) {
    fail<ShapeError>(op, "labels are ", labels.shape(),
                     ", not (N) or (N, 1); hint: one class for each sample");
  }
  const BasicTensor<T> flat = is_row ? labels : labels.select(1, 0);
  LongTensor ids = LongTensor::empty({flat.size(0)});
  for (Index i = 0; i < ids.size(0); ++i) {
    const auto label = static_cast<double>(std::as_const(flat)(i));
    if (!(label >= 0 && label < most_classes && label == std::floor(label))) {
      fail_class(op, i, label);
    }
    ids(i) = static_cast<Index>(label);
  }
  return ids;
}

void check_folds(const char* op, Index folds, Index samples) {
  if (folds >= 2 && folds <= samples) return;
  fail<ValueError>(op, folds, " folds of ", samples,
                   " samples; hint: at least 2, and a sample for each of them");
}

}  // namespace

LongTensor class_ids(const char* op, const LongTensor& labels) { return checked_ids(op, labels); }
LongTensor class_ids(const char* op, const Tensor& labels) { return checked_ids(op, labels); }
LongTensor class_ids(const char* op, const DoubleTensor& labels) { return checked_ids(op, labels); }

std::pair<Positions, Positions> stratified_positions(const LongTensor& ids, Index count,
                                                     std::uint64_t seed) {
  const Index n = ids.size(0);
  if (count < 0 || count > n) {
    fail<IndexError>("stratified_split", "the first part cannot have ", count, " of ", n,
                     " samples; hint: 0 to size()");
  }
  const std::vector<Positions> classes = classes_of(ids, stream(seed, 0x7374726174));
  // Each class gets what it is due, rounded down; what is left goes to the largest remainders, of
  // equal ones to the first class.
  std::vector<Index> share(classes.size()), by_remainder(classes.size());
  const auto due = [&](Index c) {
    return count * static_cast<Index>(classes[static_cast<std::size_t>(c)].size());
  };
  Index left = count;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    share[c] = due(static_cast<Index>(c)) / n;
    left -= share[c];
  }
  std::iota(by_remainder.begin(), by_remainder.end(), Index{0});
  std::stable_sort(by_remainder.begin(), by_remainder.end(),
                   [&](Index a, Index b) { return due(a) % n > due(b) % n; });
  for (Index k = 0; k < left; ++k) {
    ++share[static_cast<std::size_t>(by_remainder[static_cast<std::size_t>(k)])];
  }
  Positions first, rest;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const auto middle = classes[c].begin() + share[c];
    first.insert(first.end(), classes[c].begin(), middle);
    rest.insert(rest.end(), middle, classes[c].end());
  }
  return {mixed(first, stream(seed, 0x6669727374)), mixed(rest, stream(seed, 0x72657374))};
}

Positions balanced_positions(const LongTensor& ids, std::uint64_t seed) {
  const std::vector<Positions> classes = classes_of(ids, stream(seed, 0x62616c616e6365));
  std::size_t largest = 0;
  for (const Positions& of_class : classes) largest = std::max(largest, of_class.size());
  Positions result;
  for (const Positions& of_class : classes) {
    if (of_class.empty()) continue;
    for (std::size_t i = 0; i < largest; ++i) result.push_back(of_class[i % of_class.size()]);
  }
  return mixed(result, stream(seed, 0x6d6978));
}

Positions fold_order(Index n, Index folds, std::uint64_t seed) {
  check_folds("k_fold", folds, n);
  return shuffled(n, stream(seed, 0x666f6c6473));
}

Positions stratified_fold_order(const LongTensor& ids, Index folds, std::uint64_t seed) {
  check_folds("stratified_k_fold", folds, ids.size(0));
  // Class by class and dealt out in turn: so both the classes and the whole are spread evenly.
  Positions order;
  for (const Positions& of_class : classes_of(ids, stream(seed, 0x7374726174666f))) {
    order.insert(order.end(), of_class.begin(), of_class.end());
  }
  return order;
}

}  // namespace tenon::detail

namespace tenon::data {

Tensor class_weights(const LongTensor& labels) {
  const LongTensor ids = detail::class_ids("class_weights", labels);
  const Index n = ids.size(0);
  std::vector<Index> counts;
  for (Index i = 0; i < n; ++i) {
    const auto c = static_cast<std::size_t>(ids(i));
    if (c >= counts.size()) counts.resize(c + 1);
    ++counts[c];
  }
  const auto classes = static_cast<Index>(counts.size());
  Tensor weights = Tensor::empty({classes});
  for (Index c = 0; c < classes; ++c) {
    const Index count = counts[static_cast<std::size_t>(c)];
    if (count == 0) {
      detail::fail<ValueError>("class_weights", "class ", c, " of ", classes,
                               " has no sample, so that no weight is right; hint: number the "
                               "classes without gaps");
    }
    weights(c) = static_cast<float>(static_cast<double>(n) / static_cast<double>(classes * count));
  }
  return weights;
}

}  // namespace tenon::data
