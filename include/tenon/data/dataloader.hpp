#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "tenon/data/dataset.hpp"

namespace tenon::data {

/// Names and defaults are those of PyTorch's DataLoader, but for seed and prefetch.
struct DataLoaderOptions {
  Index batch_size = 1;  ///< samples a batch, >= 1
  bool shuffle = false;  ///< another order every epoch
  /// Of the shuffled orders; unset, it is drawn from this thread's default generator as the loader
  /// is built, so that manual_seed() decides it.
  std::optional<std::uint64_t> seed = std::nullopt;
  bool drop_last = false;  ///< leave out a last batch that is not full
  Index prefetch = 0;      ///< batches that a thread prepares ahead, >= 0; 0: none, and no thread
};

/// Where a loader stands: what is needed to go on exactly there in another process.
struct DataLoaderState {
  std::uint64_t seed = 0;
  Index epoch = 0;
  Index batch = 0;  ///< how many batches of the epoch the loop has had
};

/// Gives a dataset batch by batch; one loop over it is one epoch.
///   data::DataLoader loader(train, {.batch_size = 64, .shuffle = true});
///   for (Index epoch = 0; epoch < 10; ++epoch) {
///     for (auto& [images, labels] : loader) { ... }
///   }
/// Build it once, outside the loop over epochs: the order of the samples depends on seed and epoch
/// alone, which the loader counts, and its buffers are used again. A batch is valid until the next
/// one; a tensor of it that is kept (copied) longer keeps its values, the loader then takes a new
/// buffer. Breaking out of the loop is fine, the next loop starts the next epoch. One loop at a
/// time; for loops in several threads build a loader in each.
template <class X, class Y>
class DataLoader {
 public:
  class Iterator;
  struct End {};

  /// Holds the dataset, which is a handle. Throws ValueError for an option out of range.
  explicit DataLoader(BasicDataset<X, Y> dataset, const DataLoaderOptions& options = {});
  ~DataLoader();
  DataLoader(DataLoader&& other) noexcept;
  DataLoader& operator=(DataLoader&& other) noexcept;

  /// The number of batches of an epoch.
  Index size() const;
  const BasicDataset<X, Y>& dataset() const;
  const DataLoaderOptions& options() const;

  /// Starts the next epoch (the first one is 0), or goes on where set_state() said.
  Iterator begin() {
    start();
    return Iterator(this);
  }
  End end() const { return {}; }

  /// Where the current batch's samples lie in dataset(), in the order of its rows; none before the
  /// first batch and after the last one. Valid until the next batch.
  std::span<const Index> positions() const;

  /// The current epoch and how many of its batches the loop has had; after it, the next epoch.
  DataLoaderState state() const;
  /// The next loop goes on from there; behind an epoch's last batch that is the next epoch. Throws
  /// ValueError for an epoch or batch that cannot be.
  void set_state(const DataLoaderState& state);
  /// The next loop is that epoch, from its start.
  void set_epoch(Index epoch) { set_state({state().seed, epoch, 0}); }

 private:
  struct Impl;

  void start();
  void advance();
  Batch<X, Y>* current() const;  // null after the last one

  std::unique_ptr<Impl> impl_;
};

/// Walks over the batches of one epoch, once.
template <class X, class Y>
class DataLoader<X, Y>::Iterator {
 public:
  Batch<X, Y>& operator*() const { return *loader_->current(); }
  Batch<X, Y>* operator->() const { return loader_->current(); }
  Iterator& operator++() {
    loader_->advance();
    return *this;
  }
  bool operator==(End) const { return loader_->current() == nullptr; }

 private:
  friend class DataLoader;
  explicit Iterator(DataLoader* loader) : loader_(loader) {}
  DataLoader* loader_;
};

extern template class DataLoader<Tensor, LongTensor>;
extern template class DataLoader<Tensor, Tensor>;
extern template class DataLoader<DoubleTensor, LongTensor>;
extern template class DataLoader<DoubleTensor, DoubleTensor>;
extern template class DataLoader<LongTensor, LongTensor>;
extern template class DataLoader<LongTensor, Tensor>;

}  // namespace tenon::data
