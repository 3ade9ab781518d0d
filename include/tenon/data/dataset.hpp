#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "tenon/base/error.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon::data {

/// Some samples together: inputs (N, ...) and their labels (N, ...). X and Y are tensor types.
template <class X, class Y>
struct Batch {
  X inputs;
  Y labels;
};
template <class X, class Y>
Batch(X, Y) -> Batch<X, Y>;

/// Where samples come from. Derive from it to read your own data, and make a BasicDataset of it.
template <class X, class Y>
class Source {
 public:
  virtual ~Source() = default;

  /// The number of samples.
  virtual Index size() const = 0;
  /// The shape of one sample's inputs and labels, without the batch's axis.
  virtual Shape input_shape() const = 0;
  virtual Shape label_shape() const = 0;
  /// Writes the samples at positions[0 .. count) one behind another to inputs and labels. A loader
  /// that prefetches calls this from a thread of its own; what it throws reaches the loop there.
  virtual void read(const Index* positions, Index count, typename X::value_type* inputs,
                    typename Y::value_type* labels) const = 0;
  /// Writes the labels alone; to be overridden where inputs take long to read.
  virtual void read_labels(const Index* positions, Index count,
                           typename Y::value_type* labels) const {
    X ignored = X::empty(input_shape());
    const Index size = label_shape().numel();
    for (Index i = 0; i < count; ++i) read(positions + i, 1, ignored.data(), labels + i * size);
  }
};

/// Samples to train or test on: a handle, cheap to copy, that shares its source. X is the tensor
/// type of the inputs, Y that of the labels.
template <class X, class Y>
class BasicDataset {
 public:
  using input_type = X;
  using label_type = Y;

  explicit BasicDataset(std::shared_ptr<const Source<X, Y>> source);

  /// The number of samples.
  Index size() const { return size_; }
  Shape input_shape() const { return source_->input_shape(); }
  Shape label_shape() const { return source_->label_shape(); }

  /// The samples begin .. end - 1 as one batch of new tensors; negative positions count from the
  /// end. Throws IndexError.
  Batch<X, Y> batch(Index begin, Index end) const;
  /// All samples as one batch.
  Batch<X, Y> all() const { return batch(0, size_); }
  /// The labels of all samples (N, ...).
  Y labels() const;

  /// The samples begin .. end - 1; nothing is copied. Throws IndexError.
  BasicDataset subset(Index begin, Index end) const;
  /// The samples at the given positions, in that order; one may appear several times. Throws
  /// IndexError.
  BasicDataset subset(const std::vector<Index>& positions) const;
  /// The first count samples and the rest: auto [train, held_out] = all.split(55000). Throws
  /// IndexError.
  std::pair<BasicDataset, BasicDataset> split(Index count) const;

  /// For loaders: where sample i (not checked) lies in the source, and the source.
  Index source_position(Index i) const {
    return positions_ == nullptr ? begin_ + i : (*positions_)[static_cast<std::size_t>(begin_ + i)];
  }
  const Source<X, Y>& source() const { return *source_; }

 private:
  std::shared_ptr<const Source<X, Y>> source_;
  std::shared_ptr<const std::vector<Index>> positions_;  // in the source; null: all in order
  Index begin_ = 0;
  Index size_ = 0;
};

/// Images, features: float inputs with a class each.
using Dataset = BasicDataset<Tensor, LongTensor>;

/// A dataset of tensors in memory: inputs (N, ...) and labels (N, ...), float, double or int64.
///   data::TensorDataset train(images, labels);
/// The tensors are shared, not copied, unless they are not contiguous. Throws ShapeError where the
/// first sizes differ.
template <class X, class Y>
class TensorDataset : public BasicDataset<X, Y> {
 public:
  TensorDataset(const X& inputs, const Y& labels);
};

/// A dataset of images kept as bytes: pixels uint8 (N, ...), which a batch holds as pixel / 255 in
/// 0..1, and labels int64 (N, ...). Throws ShapeError where the first sizes differ.
class TENON_API ImageDataset : public Dataset {
 public:
  ImageDataset(const ByteTensor& pixels, const LongTensor& labels);
};

/// Splits a dataset in two at random: count samples and the rest, the same ones for the same seed.
/// Throws IndexError.
template <class X, class Y>
TENON_API std::pair<BasicDataset<X, Y>, BasicDataset<X, Y>> random_split(
    const BasicDataset<X, Y>& dataset, Index count, std::uint64_t seed = 0);

#define TENON_DATA_EXTERN(X, Y)             \
  extern template class BasicDataset<X, Y>; \
  extern template class TensorDataset<X, Y>;
TENON_DATA_EXTERN(Tensor, LongTensor)
TENON_DATA_EXTERN(Tensor, Tensor)
TENON_DATA_EXTERN(DoubleTensor, LongTensor)
TENON_DATA_EXTERN(DoubleTensor, DoubleTensor)
TENON_DATA_EXTERN(LongTensor, LongTensor)
TENON_DATA_EXTERN(LongTensor, Tensor)
#undef TENON_DATA_EXTERN

}  // namespace tenon::data
