#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "tenon/data/dataloader.hpp"
#include "tenon/data/sequence_dataset.hpp"

namespace tenon::data {

/// Names and defaults are those of DataLoaderOptions where it has them.
struct SequenceLoaderOptions {
  Index batch_size = 1;  ///< sequences a batch, >= 1
  bool shuffle = false;  ///< another order every epoch, and batches of like lengths
  /// Of the shuffled orders; unset, it is drawn from this thread's default generator as the loader
  /// is built, so that manual_seed() decides it.
  std::optional<std::uint64_t> seed = std::nullopt;
  bool drop_last = false;     ///< leave out a last batch that is not full
  Index bucket_batches = 50;  ///< batches whose sequences are sorted by length together, >= 1
  Index padding = 0;          ///< the id behind short sequences
};

/// Gives sequences batch by batch, each as long as its longest sequence; one loop over it is one
/// epoch.
///   data::SequenceLoader loader(train, {.batch_size = 128, .shuffle = true});
///   for (auto& [ids, lengths, labels] : loader) { ... }
/// With shuffle the sequences are brought into a random order and cut into buckets of
/// bucket_batches batches; each bucket is sorted by length and cut into batches, which come in
/// random order. A large bucket saves padding, a bucket of one batch is a plain shuffle. All of it
/// depends on seed and epoch alone. Without shuffle the order is that of the dataset. Otherwise as
/// DataLoader: build it once, outside the loop over epochs; a batch is valid until the next one,
/// and a tensor of it that is kept longer keeps its values.
template <class Y>
class SequenceLoader {
 public:
  class Iterator;
  struct End {};

  /// Holds the dataset, which is a handle. Throws ValueError for an option out of range.
  explicit SequenceLoader(SequenceDataset<Y> dataset, const SequenceLoaderOptions& options = {});
  ~SequenceLoader();
  SequenceLoader(SequenceLoader&& other) noexcept;
  SequenceLoader& operator=(SequenceLoader&& other) noexcept;

  /// The number of batches of an epoch.
  Index size() const;
  const SequenceDataset<Y>& dataset() const;
  const SequenceLoaderOptions& options() const;

  /// Starts the next epoch (the first one is 0), or goes on where set_state() said.
  Iterator begin() {
    start();
    return Iterator(this);
  }
  End end() const { return {}; }

  /// As DataLoader's: where the current batch's sequences lie in dataset().
  std::span<const Index> positions() const;

  /// As DataLoader's: where the loader stands, and going on there. set_state() throws ValueError
  /// for an epoch or batch that cannot be.
  DataLoaderState state() const;
  void set_state(const DataLoaderState& state);

 private:
  struct Impl;

  void start();
  void advance();
  SequenceBatch<Y>* current() const;  // null after the last one

  std::unique_ptr<Impl> impl_;
};

/// Walks over the batches of one epoch, once.
template <class Y>
class SequenceLoader<Y>::Iterator {
 public:
  SequenceBatch<Y>& operator*() const { return *loader_->current(); }
  SequenceBatch<Y>* operator->() const { return loader_->current(); }
  Iterator& operator++() {
    loader_->advance();
    return *this;
  }
  bool operator==(End) const { return loader_->current() == nullptr; }

 private:
  friend class SequenceLoader;
  explicit Iterator(SequenceLoader* loader) : loader_(loader) {}
  SequenceLoader* loader_;
};

extern template class SequenceLoader<LongTensor>;
extern template class SequenceLoader<Tensor>;
extern template class SequenceLoader<DoubleTensor>;

}  // namespace tenon::data
