#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "tenon/tensor/tensor.hpp"

namespace tenon::data {

/// Some sequences of ids together.
template <class Y>
struct SequenceBatch {
  LongTensor ids;      ///< (N, L): L steps of the longest one, padding behind the others
  LongTensor lengths;  ///< (N): how many steps are real
  Y labels;            ///< (N, ...)
};

/// Sequences of ids, each of a length of its own, with labels: a handle, cheap to copy.
///   data::SequenceDataset train(sequences, labels);
/// Y is the tensor type of the labels: LongTensor for classes, Tensor for yes or no and real
/// numbers.
template <class Y>
class SequenceDataset {
 public:
  using label_type = Y;

  /// sequences: N of ids; labels (N, ...), shared, not copied, unless they are not contiguous.
  /// Throws ShapeError where the numbers differ.
  SequenceDataset(std::vector<std::vector<Index>> sequences, const Y& labels);

  /// The number of sequences.
  Index size() const { return static_cast<Index>(positions_.size()); }
  /// The ids of sequence i. Throws IndexError.
  const std::vector<Index>& sequence(Index i) const;
  /// How many steps the longest sequence has.
  Index longest() const;
  Shape label_shape() const;
  /// The labels of all sequences (N, ...).
  Y labels() const;

  /// The sequences begin .. end - 1 as one batch of new tensors; padding: what stands behind short
  /// ones. Throws IndexError.
  SequenceBatch<Y> batch(Index begin, Index end, Index padding = 0) const;
  SequenceBatch<Y> all(Index padding = 0) const { return batch(0, size(), padding); }

  /// The sequences begin .. end - 1; nothing is copied. Throws IndexError.
  SequenceDataset subset(Index begin, Index end) const;
  /// The sequences at the given positions, in that order. Throws IndexError.
  SequenceDataset subset(const std::vector<Index>& positions) const;
  /// The first count sequences and the rest. Throws IndexError.
  std::pair<SequenceDataset, SequenceDataset> split(Index count) const {
    return {subset(0, count), subset(count, size())};
  }

  /// For loaders: writes the sequences at positions[0 .. count) as rows of `steps` ids, and their
  /// lengths and labels. None is longer than steps.
  void read(const Index* positions, Index count, Index steps, Index padding, Index* ids,
            Index* lengths, typename Y::value_type* labels) const;

 private:
  struct Content {
    std::vector<std::vector<Index>> sequences;
    Y labels;
  };
  Index checked(const char* op, Index i, Index limit) const;

  std::shared_ptr<const Content> content_;
  std::vector<Index> positions_;  // in the content
};

extern template class SequenceDataset<LongTensor>;
extern template class SequenceDataset<Tensor>;
extern template class SequenceDataset<DoubleTensor>;

}  // namespace tenon::data
