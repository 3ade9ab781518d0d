#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "tenon/tensor/tensor.hpp"

// Cutting datasets into parts. All of it works on data::BasicDataset, TensorDataset, ImageDataset
// and SequenceDataset, copies no samples, and gives the same parts for the same seed. What looks at
// classes takes labels (N) or (N, 1) of integers 0, 1, 2, ..., which may be stored as float.

namespace tenon::data {

/// What d.subset() is: TensorDataset and ImageDataset become a BasicDataset.
template <class D>
using SubsetOf = decltype(std::declval<const D&>().subset(0, 0));

/// One way of cutting a dataset for cross-validation.
template <class D>
struct Fold {
  SubsetOf<D> train, test;
};

}  // namespace tenon::data

namespace tenon::detail {

using Positions = std::vector<Index>;

/// Labels as integers (N). Throws ValueError, ShapeError.
TENON_API LongTensor class_ids(const char* op, const LongTensor& labels);
TENON_API LongTensor class_ids(const char* op, const Tensor& labels);
TENON_API LongTensor class_ids(const char* op, const DoubleTensor& labels);

TENON_API std::pair<Positions, Positions> stratified_positions(const LongTensor& ids, Index count,
                                                               std::uint64_t seed);
TENON_API Positions balanced_positions(const LongTensor& ids, std::uint64_t seed);
/// An order of n samples, or of those of these classes: fold i tests the entries i, i + folds, ...
TENON_API Positions fold_order(Index n, Index folds, std::uint64_t seed);
TENON_API Positions stratified_fold_order(const LongTensor& ids, Index folds, std::uint64_t seed);

template <class D>
std::vector<data::Fold<D>> make_folds(const D& dataset, Index folds, const Positions& order) {
  std::vector<data::Fold<D>> result;
  for (Index fold = 0; fold < folds; ++fold) {
    Positions train, test;
    for (std::size_t i = 0; i < order.size(); ++i) {
      (static_cast<Index>(i) % folds == fold ? test : train).push_back(order[i]);
    }
    result.push_back({dataset.subset(train), dataset.subset(test)});
  }
  return result;
}

}  // namespace tenon::detail

namespace tenon::data {

/// Splits a dataset in two at random, `count` samples and the rest, each class in the same
/// proportion in both: class c, of n_c samples, has count n_c / N in the first part, rounded so
/// that the whole is count. Both parts come in random order. Throws IndexError for a count that the
/// dataset does not have, ValueError for labels that are no classes.
template <class D>
std::pair<SubsetOf<D>, SubsetOf<D>> stratified_split(const D& dataset, Index count,
                                                     std::uint64_t seed = 0) {
  const auto [first, rest] = detail::stratified_positions(
      detail::class_ids("stratified_split", dataset.labels()), count, seed);
  return {dataset.subset(first), dataset.subset(rest)};
}

/// For cross-validation: `folds` ways of splitting a dataset, in which every sample is tested once.
/// The sizes of the test parts differ by at most 1. 2 <= folds <= N. Throws ValueError.
template <class D>
std::vector<Fold<D>> k_fold(const D& dataset, Index folds, std::uint64_t seed = 0) {
  return detail::make_folds(dataset, folds, detail::fold_order(dataset.size(), folds, seed));
}

/// The same, with each class spread evenly over the test parts: its numbers there differ by at most
/// 1. Throws ValueError, also for labels that are no classes.
template <class D>
std::vector<Fold<D>> stratified_k_fold(const D& dataset, Index folds, std::uint64_t seed = 0) {
  const LongTensor ids = detail::class_ids("stratified_k_fold", dataset.labels());
  return detail::make_folds(dataset, folds, detail::stratified_fold_order(ids, folds, seed));
}

/// The dataset with as many samples of each class as the largest one has: those of smaller classes
/// appear several times, the numbers of times differing by at most 1, in random order. Classes
/// without a sample stay without. For training only: test on what there is. Throws ValueError for
/// labels that are no classes.
template <class D>
SubsetOf<D> balanced(const D& dataset, std::uint64_t seed = 0) {
  return dataset.subset(
      detail::balanced_positions(detail::class_ids("balanced", dataset.labels()), seed));
}

/// How much a sample of each class should count so that all classes count the same:
///   weights[c] = N / (C n_c),  C = 1 + the largest label
/// labels (N). Throws ValueError for a class without a sample. As scikit-learn's "balanced".
TENON_API Tensor class_weights(const LongTensor& labels);

}  // namespace tenon::data
