#pragma once

// Finding, loading and cutting the data of the examples, and the test of a classifier.

#include <algorithm>
#include <string>
#include <tenon/tenon.hpp>
#include <utility>
#include <vector>

#include "example.hpp"

namespace example {

/// The folder of the data that is too large to be embedded: --data or TENON_DATA_DIR. Throws
/// IoError where neither is given.
std::string data_folder(const Options& options);

/// Path of a small data set: DIR/set/name or DIR/name if --data DIR is given, else the copy that
/// lies in examples/data.
std::string small_set(const Options& options, const std::string& set, const std::string& name);

/// The digits as images (N, 1, 8, 8) from 0 to 1 and labels (N).
tenon::data::Dataset load_digits(const Options& options);

/// Cuts a dataset in two: the samples fold, fold + folds, fold + 2 folds, ... are the second part,
/// all others the first.
template <class Dataset>
std::pair<Dataset, Dataset> split_every(const Dataset& dataset, Index folds, Index fold = 0) {
  std::vector<Index> train, test;
  for (Index i = 0; i < dataset.size(); ++i) (i % folds == fold ? test : train).push_back(i);
  return {dataset.subset(train), dataset.subset(test)};
}

/// The first --limit samples.
template <class Dataset>
Dataset limited(const Dataset& dataset, const Options& options) {
  return options.limit > 0 ? dataset.subset(0, std::min(options.limit, dataset.size())) : dataset;
}

/// The share of entries of a that equal those of b.
double accuracy(const tenon::LongTensor& a, const tenon::LongTensor& b);

/// Accuracy and mean cross-entropy of a net that gives logits (N, classes), in evaluation mode.
Result evaluate(tenon::nn::Module& net, const tenon::data::Dataset& test);

}  // namespace example
