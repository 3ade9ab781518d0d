#pragma once

#include "tenon/tensor/tensor.hpp"

namespace tenon::nn {

/// The keys and values of the steps that an attention layer has seen, so that decoding a sequence
/// step by step computes those of the new steps only. One for each attention; see
/// nn::MultiheadAttention's calls. Values are constants: nothing is recorded through a cache.
template <class T>
class TENON_API BasicKeyValueCache {
 public:
  /// Room for max_length steps, taken at the first append(). 0: for those of the first append(),
  /// all there will be, as cross-attention has them. Throws ValueError for a negative one.
  explicit BasicKeyValueCache(Index max_length = 0);
  BasicKeyValueCache(BasicKeyValueCache&&) noexcept = default;
  BasicKeyValueCache& operator=(BasicKeyValueCache&&) noexcept = default;

  Index length() const { return length_; }
  Index max_length() const { return max_length_; }
  /// Forgets all steps; the memory stays.
  void clear() { length_ = 0; }
  /// Goes on with other samples: sample i becomes a copy of what samples[i] was, as in a beam
  /// search, where the best continuations of one sequence replace those of another.
  ///   samples (N'), each in [0, N)
  /// Throws IndexError, and ShapeError for another number of axes.
  void select(const LongTensor& samples);

  /// Copies steps (N, L, F) behind those that are there and gives all of them, (N, length(), F), a
  /// view. Throws ValueError where there is no room, ShapeError for other N or F than before, and
  /// TapeError under a recording tape.
  BasicTensor<T> append(const BasicTensor<T>& steps);
  /// All steps, (N, length(), F), as a view.
  BasicTensor<T> steps() const { return buffer_.narrow(1, 0, length_); }

 private:
  BasicTensor<T> buffer_;  // (N, max_length, F)
  Index max_length_, length_ = 0;
};

extern template class BasicKeyValueCache<float>;
extern template class BasicKeyValueCache<double>;

using KeyValueCache = BasicKeyValueCache<float>;

}  // namespace tenon::nn
