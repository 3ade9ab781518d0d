#include "tenon/data/sequence_loader.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "data/batch_buffer.hpp"
#include "data/drawn_seed.hpp"
#include "tenon/base/error.hpp"

namespace tenon::data {

namespace {

void check(const SequenceLoaderOptions& options) {
  if (options.batch_size < 1 || options.bucket_batches < 1) {
    detail::fail<ValueError>("SequenceLoader", "batch_size is ", options.batch_size,
                             " and bucket_batches is ", options.bucket_batches,
                             "; hint: both are at least 1; a bucket of one batch shuffles without "
                             "looking at lengths");
  }
}

/// What sequences are sorted by: their lengths, then their place in the random order.
struct Key {
  Index length, sequence, place;
  bool operator<(const Key& other) const {
    return length != other.length ? length < other.length : place < other.place;
  }
};

}  // namespace

template <class Y>
struct SequenceLoader<Y>::Impl {
  Impl(SequenceDataset<Y> sequences, const SequenceLoaderOptions& wanted)
      : dataset(std::move(sequences)), options(wanted) {
    check(options);
    state.seed = options.seed ? *options.seed : detail::drawn_seed(default_generator().next());
  }

  Index full_batches() const { return dataset.size() / options.batch_size; }
  Index batches() const {
    const bool has_rest = dataset.size() % options.batch_size != 0 && !options.drop_last;
    return full_batches() + (has_rest ? 1 : 0);
  }
  Index length(Index i) const { return static_cast<Index>(dataset.sequence(i).size()); }

  void choose_order() {
    order.resize(static_cast<std::size_t>(dataset.size()));
    batch_order.resize(static_cast<std::size_t>(full_batches()));
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<Index>(i);
    for (std::size_t i = 0; i < batch_order.size(); ++i) batch_order[i] = static_cast<Index>(i);
    if (!options.shuffle) return;
    // Streams of their own, so that weights drawn with the same seed have nothing to do with them.
    constexpr std::uint64_t of_sequences = 0x73657175656e6365, of_batches = 0x62617463686573;
    const auto epoch = static_cast<std::uint64_t>(state.epoch);
    const auto permute = [&](std::vector<Index>& items, std::uint64_t stream) {
      const std::uint64_t seed = detail::drawn_seed({state.seed, stream});
      detail::fill_permutation(items.data(), static_cast<Index>(items.size()), {seed, epoch});
    };
    permute(order, of_sequences);
    permute(batch_order, of_batches);
    if (options.bucket_batches > 1) sort_buckets();
  }

  /// Sorts each bucket by length; sequences of equal length stay in random order, since neighbours
  /// in a dataset often have to do with each other. Those of a last batch that is not full stay out
  /// of it: they are random ones.
  void sort_buckets() {
    const Index full = full_batches() * options.batch_size;
    const Index bucket = options.bucket_batches * options.batch_size;
    keys.resize(order.size());
    for (Index i = 0; i < full; ++i) {
      const auto k = static_cast<std::size_t>(i);
      keys[k] = {length(order[k]), order[k], i};
    }
    for (Index begin = 0; begin < full; begin += bucket) {
      std::sort(keys.begin() + begin, keys.begin() + std::min(begin + bucket, full));
    }
    for (Index i = 0; i < full; ++i) {
      order[static_cast<std::size_t>(i)] = keys[static_cast<std::size_t>(i)].sequence;
    }
  }

  /// Makes the buffers ready to be written, with new memory where the old one is still in use.
  void renew() {
    const Index rows = std::min(options.batch_size, dataset.size());
    if (!buffer.ids.defined() || detail::is_shared(buffer.ids)) {
      buffer.ids = LongTensor::empty({rows * longest});
    }
    if (!buffer.lengths.defined() || detail::is_shared(buffer.lengths)) {
      buffer.lengths = LongTensor::empty({rows});
    }
    if (!buffer.labels.defined() || detail::is_shared(buffer.labels)) {
      buffer.labels = detail::batch_buffer<typename Y::value_type>(rows, dataset.label_shape());
    }
  }

  void start() {
    release();
    if (is_started) state = {state.seed, state.epoch + 1, 0};
    is_started = true;
    if (longest < 0) longest = dataset.longest();
    choose_order();
    fetch();
  }

  void advance() {
    if (!has_batch) return;
    release();
    fetch();
  }

  /// Shows the next batch, or ends the epoch.
  void fetch() {
    if (state.batch == batches()) {
      state = {state.seed, state.epoch + 1, 0};
      is_started = false;
      return;
    }
    const Index batch = state.batch < full_batches()
                            ? batch_order[static_cast<std::size_t>(state.batch)]
                            : state.batch;
    const Index first = batch * options.batch_size;
    const Index rows = std::min(options.batch_size, dataset.size() - first);
    const Index* positions = order.data() + first;
    Index steps = 0;
    for (Index i = 0; i < rows; ++i) steps = std::max(steps, length(positions[i]));
    renew();
    dataset.read(positions, rows, steps, options.padding, buffer.ids.data(), buffer.lengths.data(),
                 buffer.labels.data());
    // Views of their own for every batch: whatever the loop does to these handles, the buffer is
    // known here, and so is whether anything still refers to it.
    current = {buffer.ids.narrow(0, 0, rows * steps).reshape({rows, steps}),
               buffer.lengths.narrow(0, 0, rows), buffer.labels.narrow(0, 0, rows)};
    current_positions = {positions, static_cast<std::size_t>(rows)};
    has_batch = true;
    ++state.batch;
  }

  void release() {
    has_batch = false;
    current = {};
    current_positions = {};
  }

  SequenceDataset<Y> dataset;
  SequenceLoaderOptions options;
  DataLoaderState state;    // of the next batch
  bool is_started = false;  // the epoch in state has had a loop already
  bool has_batch = false;
  Index longest = -1;              // steps of the longest sequence, once known
  std::vector<Index> order;        // of the sequences
  std::vector<Key> keys;           // room for sorting them
  std::vector<Index> batch_order;  // of the full batches
  SequenceBatch<Y> buffer;
  SequenceBatch<Y> current;
  std::span<const Index> current_positions;
};

template <class Y>
SequenceLoader<Y>::SequenceLoader(SequenceDataset<Y> dataset, const SequenceLoaderOptions& options)
    : impl_(std::make_unique<Impl>(std::move(dataset), options)) {}
template <class Y>
SequenceLoader<Y>::~SequenceLoader() = default;
template <class Y>
SequenceLoader<Y>::SequenceLoader(SequenceLoader&& other) noexcept = default;
template <class Y>
SequenceLoader<Y>& SequenceLoader<Y>::operator=(SequenceLoader&& other) noexcept = default;

template <class Y>
Index SequenceLoader<Y>::size() const {
  return impl_->batches();
}
template <class Y>
const SequenceDataset<Y>& SequenceLoader<Y>::dataset() const {
  return impl_->dataset;
}
template <class Y>
const SequenceLoaderOptions& SequenceLoader<Y>::options() const {
  return impl_->options;
}

template <class Y>
void SequenceLoader<Y>::start() {
  impl_->start();
}
template <class Y>
void SequenceLoader<Y>::advance() {
  impl_->advance();
}
template <class Y>
SequenceBatch<Y>* SequenceLoader<Y>::current() const {
  return impl_->has_batch ? &impl_->current : nullptr;
}

template <class Y>
std::span<const Index> SequenceLoader<Y>::positions() const {
  return impl_->current_positions;
}

template <class Y>
DataLoaderState SequenceLoader<Y>::state() const {
  return impl_->state;
}
template <class Y>
void SequenceLoader<Y>::set_state(const DataLoaderState& state) {
  if (state.epoch < 0 || state.batch < 0 || state.batch > size()) {
    detail::fail<ValueError>("SequenceLoader::set_state", "there is no batch ", state.batch,
                             " of epoch ", state.epoch, ": an epoch has ", size(),
                             " batches; hint: was the state saved with another batch_size?");
  }
  impl_->release();
  impl_->state = state;
  impl_->is_started = false;
}

template class SequenceLoader<LongTensor>;
template class SequenceLoader<Tensor>;
template class SequenceLoader<DoubleTensor>;

}  // namespace tenon::data
