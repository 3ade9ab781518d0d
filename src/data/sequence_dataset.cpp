#include "tenon/data/sequence_dataset.hpp"

#include <algorithm>
#include <cstring>

#include "tenon/base/error.hpp"

namespace tenon::data {

template <class Y>
SequenceDataset<Y>::SequenceDataset(std::vector<std::vector<Index>> sequences, const Y& labels) {
  const bool has_labels = labels.defined() && labels.rank() >= 1;
  if (!has_labels || labels.size(0) != static_cast<Index>(sequences.size())) {
    detail::fail<ShapeError>("SequenceDataset", "there are ", sequences.size(),
                             " sequences but the labels have shape ",
                             labels.defined() ? labels.shape() : Shape(),
                             "; hint: one label for each sequence along the first axis");
  }
  positions_.resize(sequences.size());
  for (std::size_t i = 0; i < positions_.size(); ++i) positions_[i] = static_cast<Index>(i);
  content_ =
      std::make_shared<const Content>(Content{std::move(sequences), labels.detach().contiguous()});
}

template <class Y>
Index SequenceDataset<Y>::checked(const char* op, Index i, Index limit) const {
  if (i < 0 || i > limit) {
    detail::fail<IndexError>(op, "position ", i, " lies outside the ", size(),
                             " sequences; hint: positions go from 0 to size()");
  }
  return i;
}

template <class Y>
const std::vector<Index>& SequenceDataset<Y>::sequence(Index i) const {
  checked("SequenceDataset::sequence", i, size() - 1);
  const Index position = positions_[static_cast<std::size_t>(i)];
  return content_->sequences[static_cast<std::size_t>(position)];
}

template <class Y>
Index SequenceDataset<Y>::longest() const {
  Index steps = 0;
  for (Index i = 0; i < size(); ++i) {
    steps = std::max(steps, static_cast<Index>(sequence(i).size()));
  }
  return steps;
}

template <class Y>
Shape SequenceDataset<Y>::label_shape() const {
  Shape shape = content_->labels.shape();
  shape.erase(0);
  return shape;
}

template <class Y>
Y SequenceDataset<Y>::labels() const {
  const Index label_size = label_shape().numel();
  Shape shape = content_->labels.shape();
  shape[0] = size();
  Y result = Y::empty(shape);
  for (Index i = 0; i < size(); ++i) {
    const Index position = positions_[static_cast<std::size_t>(i)];
    std::copy_n(content_->labels.data() + position * label_size, label_size,
                result.data() + i * label_size);
  }
  return result;
}

template <class Y>
void SequenceDataset<Y>::read(const Index* positions, Index count, Index steps, Index padding,
                              Index* ids, Index* lengths, typename Y::value_type* labels) const {
  const Index label_size = label_shape().numel();
  for (Index k = 0; k < count; ++k, ids += steps, labels += label_size) {
    const std::vector<Index>& from = sequence(positions[k]);
    std::fill(std::copy(from.begin(), from.end(), ids), ids + steps, padding);
    lengths[k] = static_cast<Index>(from.size());
    const Index position = positions_[static_cast<std::size_t>(positions[k])];
    std::copy_n(content_->labels.data() + position * label_size, label_size, labels);
  }
}

template <class Y>
SequenceBatch<Y> SequenceDataset<Y>::batch(Index begin, Index end, Index padding) const {
  const auto part = subset(begin, end);
  const Index count = part.size(), steps = part.longest();
  std::vector<Index> positions(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < positions.size(); ++i) positions[i] = static_cast<Index>(i);
  Shape labels = label_shape();
  labels.insert(0, count);
  SequenceBatch<Y> result{LongTensor::empty({count, steps}), LongTensor::empty({count}),
                          Y::empty(labels)};
  part.read(positions.data(), count, steps, padding, result.ids.data(), result.lengths.data(),
            result.labels.data());
  return result;
}

template <class Y>
SequenceDataset<Y> SequenceDataset<Y>::subset(Index begin, Index end) const {
  checked("SequenceDataset::subset", end, size());
  checked("SequenceDataset::subset", begin, end);
  SequenceDataset result = *this;
  result.positions_.assign(positions_.begin() + begin, positions_.begin() + end);
  return result;
}

template <class Y>
SequenceDataset<Y> SequenceDataset<Y>::subset(const std::vector<Index>& positions) const {
  SequenceDataset result = *this;
  result.positions_.clear();
  result.positions_.reserve(positions.size());
  for (const Index i : positions) {
    checked("SequenceDataset::subset", i, size() - 1);
    result.positions_.push_back(positions_[static_cast<std::size_t>(i)]);
  }
  return result;
}

template class SequenceDataset<LongTensor>;
template class SequenceDataset<Tensor>;
template class SequenceDataset<DoubleTensor>;

}  // namespace tenon::data
