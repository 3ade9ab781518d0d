#include "tenon/nn/key_value_cache.hpp"

#include <utility>

#include "tenon/autograd/tape.hpp"
#include "tenon/base/error.hpp"

namespace tenon::nn {
namespace {

constexpr const char* cache_op = "KeyValueCache";

void check_steps(const Shape& steps, const Shape& buffer, Index length, Index max_length) {
  if (steps[0] != buffer[0] || steps[2] != buffer[2]) {
    detail::fail<ShapeError>(cache_op, "steps ", to_string(steps, "NLF"),
                             " do not continue those of ", buffer[0], " samples and ", buffer[2],
                             " features; hint: clear() before a new batch, and one cache for each "
                             "attention layer");
  }
  if (length + steps[1] > max_length) {
    detail::fail<ValueError>(cache_op, "there is room for ", max_length, " steps, of which ",
                             length, " are taken, but ", steps[1],
                             " more came; hint: give the cache a larger max_length, or clear() it "
                             "before a new sequence");
  }
}

}  // namespace

template <class T>
BasicKeyValueCache<T>::BasicKeyValueCache(Index max_length) : max_length_(max_length) {
  if (max_length >= 0) return;
  detail::fail<ValueError>(cache_op, "max_length must be at least 0, not ", max_length,
                           "; hint: the largest number of steps of a sequence");
}

template <class T>
BasicTensor<T> BasicKeyValueCache<T>::append(const BasicTensor<T>& steps) {
  if (Tape::is_recording()) {
    detail::fail<TapeError>(cache_op,
                            "keys and values in a cache are constants, so that gradients through "
                            "it would be wrong; hint: decode without a tape (NoTape guard;), and "
                            "train on whole sequences with .causal = true");
  }
  const Shape& shape = steps.shape();
  if (length_ == 0 &&
      (!buffer_.defined() || buffer_.size(0) != shape[0] || buffer_.size(2) != shape[2])) {
    if (max_length_ == 0) max_length_ = shape[1];
    buffer_ = BasicTensor<T>::empty({shape[0], max_length_, shape[2]});
  }
  check_steps(shape, buffer_.shape(), length_, max_length_);
  buffer_.narrow(1, length_, shape[1]).copy_(steps);
  length_ += shape[1];
  return this->steps();
}

template <class T>
void BasicKeyValueCache<T>::select(const LongTensor& samples) {
  if (!buffer_.defined()) return;
  if (samples.rank() != 1) {
    detail::fail<ShapeError>(cache_op, "samples must be a list (N) but has shape ", samples.shape(),
                             "; hint: samples[i] is the one that sample i goes on with");
  }
  const Index count = samples.size(0), old_count = buffer_.size(0);
  auto next = BasicTensor<T>::empty({count, max_length_, buffer_.size(2)});
  const auto from = steps(), to = next.narrow(1, 0, length_);
  for (Index i = 0; i < count; ++i) {
    const Index sample = samples(i);
    if (sample < 0 || sample >= old_count) {
      detail::fail<IndexError>(cache_op, "there is no sample ", sample, " among ", old_count,
                               "; hint: samples[", i, "] is the one that sample ", i,
                               " goes on with");
    }
    to.select(0, i).copy_(from.select(0, sample));
  }
  buffer_ = std::move(next);
}

template class BasicKeyValueCache<float>;
template class BasicKeyValueCache<double>;

}  // namespace tenon::nn
