#include "tenon/data/dataloader.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "base/profile.hpp"
#include "data/batch_buffer.hpp"
#include "data/batch_worker.hpp"
#include "data/drawn_seed.hpp"
#include "tenon/base/random.hpp"

namespace tenon::data {

namespace {

constexpr const char* next_batch = "DataLoader.next";  // in profiles

void check(const DataLoaderOptions& options) {
  if (options.batch_size < 1) {
    detail::fail<ValueError>("DataLoader", "batch_size is ", options.batch_size,
                             "; hint: at least 1 sample a batch");
  }
  if (options.prefetch < 0) {
    detail::fail<ValueError>("DataLoader", "prefetch is ", options.prefetch,
                             "; hint: 0 prepares nothing ahead");
  }
}

}  // namespace

template <class X, class Y>
struct DataLoader<X, Y>::Impl {
  Impl(BasicDataset<X, Y> samples, const DataLoaderOptions& wanted)
      : dataset(std::move(samples)), options(wanted) {
    check(options);
    state.seed = options.seed ? *options.seed : detail::drawn_seed(default_generator().next());
    buffers.resize(static_cast<std::size_t>(options.prefetch + 1));
  }

  Index batches() const {
    const bool has_rest = dataset.size() % options.batch_size != 0 && !options.drop_last;
    return dataset.size() / options.batch_size + (has_rest ? 1 : 0);
  }
  Index batch_samples(Index batch) const {
    return std::min(options.batch_size, dataset.size() - batch * options.batch_size);
  }

  void choose_order() {
    order.resize(static_cast<std::size_t>(dataset.size()));
    places.resize(order.size());
    if (options.shuffle) {
      // A stream of its own, so that weights drawn with the same seed have nothing to do with it.
      constexpr std::uint64_t stream = 0x6f72646572;
      const std::uint64_t seed = detail::drawn_seed({state.seed, stream});
      detail::fill_permutation(order.data(), dataset.size(),
                               {seed, static_cast<std::uint64_t>(state.epoch)});
    } else {
      std::iota(order.begin(), order.end(), Index{0});
    }
    std::transform(order.begin(), order.end(), places.begin(),
                   [this](Index i) { return dataset.source_position(i); });
  }

  /// Makes a slot ready to be written, with new memory where the old one is still in use.
  void renew(Batch<X, Y>& buffer) const {
    const Index rows = std::min(options.batch_size, dataset.size());
    if (!buffer.inputs.defined() || detail::is_shared(buffer.inputs)) {
      buffer.inputs = detail::batch_buffer<typename X::value_type>(rows, dataset.input_shape());
    }
    if (!buffer.labels.defined() || detail::is_shared(buffer.labels)) {
      buffer.labels = detail::batch_buffer<typename Y::value_type>(rows, dataset.label_shape());
    }
  }

  void fill(Index batch, Batch<X, Y>& buffer) const {
    dataset.source().read(places.data() + batch * options.batch_size, batch_samples(batch),
                          buffer.inputs.data(), buffer.labels.data());
  }
  static void fill_slot(void* context, Index batch, Index slot) {
    auto& self = *static_cast<Impl*>(context);
    self.fill(batch, self.buffers[static_cast<std::size_t>(slot)]);
  }

  void start() {
    const detail::OpScope scope(next_batch);
    release();
    if (is_started) state = {state.seed, state.epoch + 1, 0};
    is_started = true;
    if (options.prefetch > 0) {
      if (worker == nullptr) {
        worker = std::make_unique<detail::BatchWorker>(options.prefetch + 1, fill_slot, this);
      }
      worker->cancel();
    }
    choose_order();
    for (Batch<X, Y>& buffer : buffers) renew(buffer);
    if (worker != nullptr) worker->start(state.batch, batches());
    fetch();
  }

  void advance() {
    if (!has_batch) return;
    const detail::OpScope scope(next_batch);
    release();
    renew(buffers[slot]);
    if (worker != nullptr) worker->give_back();
    fetch();
  }

  /// Shows the next batch, or ends the epoch.
  void fetch() {
    if (state.batch == batches()) {
      state = {state.seed, state.epoch + 1, 0};
      is_started = false;
      return;
    }
    slot = worker != nullptr ? static_cast<std::size_t>(worker->take()) : 0;
    if (worker == nullptr) fill(state.batch, buffers[slot]);
    // Views of their own for every batch: whatever the loop does to these handles, the buffer is
    // known here, and so is whether anything still refers to it.
    const Index samples = batch_samples(state.batch);
    current = {buffers[slot].inputs.narrow(0, 0, samples),
               buffers[slot].labels.narrow(0, 0, samples)};
    has_batch = true;
    ++state.batch;
  }

  void release() {
    has_batch = false;
    current = {};
  }

  BasicDataset<X, Y> dataset;
  DataLoaderOptions options;
  DataLoaderState state;    // of the next batch
  bool is_started = false;  // the epoch in state has had a loop already
  bool has_batch = false;
  std::size_t slot = 0;
  std::vector<Index> order;   // of the samples in the dataset
  std::vector<Index> places;  // and where they lie in its source
  std::vector<Batch<X, Y>> buffers;
  Batch<X, Y> current;
  std::unique_ptr<detail::BatchWorker> worker;  // last: it is stopped before the rest goes
};

template <class X, class Y>
DataLoader<X, Y>::DataLoader(BasicDataset<X, Y> dataset, const DataLoaderOptions& options)
    : impl_(std::make_unique<Impl>(std::move(dataset), options)) {}
template <class X, class Y>
DataLoader<X, Y>::~DataLoader() = default;
template <class X, class Y>
DataLoader<X, Y>::DataLoader(DataLoader&& other) noexcept = default;
template <class X, class Y>
DataLoader<X, Y>& DataLoader<X, Y>::operator=(DataLoader&& other) noexcept = default;

template <class X, class Y>
Index DataLoader<X, Y>::size() const {
  return impl_->batches();
}
template <class X, class Y>
const BasicDataset<X, Y>& DataLoader<X, Y>::dataset() const {
  return impl_->dataset;
}
template <class X, class Y>
const DataLoaderOptions& DataLoader<X, Y>::options() const {
  return impl_->options;
}

template <class X, class Y>
void DataLoader<X, Y>::start() {
  impl_->start();
}
template <class X, class Y>
void DataLoader<X, Y>::advance() {
  impl_->advance();
}
template <class X, class Y>
Batch<X, Y>* DataLoader<X, Y>::current() const {
  return impl_->has_batch ? &impl_->current : nullptr;
}

template <class X, class Y>
std::span<const Index> DataLoader<X, Y>::positions() const {
  if (!impl_->has_batch) return {};
  const Index batch = impl_->state.batch - 1;
  return {impl_->order.data() + batch * impl_->options.batch_size,
          static_cast<std::size_t>(impl_->batch_samples(batch))};
}

template <class X, class Y>
DataLoaderState DataLoader<X, Y>::state() const {
  return impl_->state;
}
template <class X, class Y>
void DataLoader<X, Y>::set_state(const DataLoaderState& state) {
  if (state.epoch < 0 || state.batch < 0 || state.batch > size()) {
    detail::fail<ValueError>("DataLoader::set_state", "there is no batch ", state.batch,
                             " of epoch ", state.epoch, ": an epoch has ", size(),
                             " batches; hint: was the state saved with another batch_size?");
  }
  impl_->release();
  impl_->state = state;
  impl_->is_started = false;
}

template class DataLoader<Tensor, LongTensor>;
template class DataLoader<Tensor, Tensor>;
template class DataLoader<DoubleTensor, LongTensor>;
template class DataLoader<DoubleTensor, DoubleTensor>;
template class DataLoader<LongTensor, LongTensor>;
template class DataLoader<LongTensor, Tensor>;

}  // namespace tenon::data
