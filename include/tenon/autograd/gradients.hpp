#pragma once

#include <cstdint>
#include <utility>

#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// What Tape::gradients returns: for each leaf that the loss depends on, d loss / d leaf.
/// Leaves are nn::Parameter and what Tape::watch returned. There is nothing to reset between steps.
class TENON_API Gradients {
 public:
  Gradients() noexcept = default;
  Gradients(Gradients&& other) noexcept { swap(other); }
  Gradients& operator=(Gradients&& other) noexcept {
    swap(other);
    return *this;
  }
  Gradients(const Gradients&) = delete;
  Gradients& operator=(const Gradients&) = delete;
  ~Gradients();

  /// The gradient of leaf, of its shape, contiguous. Throws TapeError where there is none, saying
  /// whether it is no leaf or the loss does not depend on it.
  template <class T>
  BasicTensor<T> operator[](const BasicTensor<T>& leaf) const {
    return BasicTensor<T>(retained(lookup(leaf.impl())));
  }
  /// The same, but an undefined tensor where there is none.
  template <class T>
  BasicTensor<T> find(const BasicTensor<T>& leaf) const {
    return BasicTensor<T>(retained(get(leaf.impl()->id)));
  }
  template <class T>
  bool contains(const BasicTensor<T>& leaf) const {
    return get(leaf.impl()->id) != nullptr;
  }
  /// How many leaves have a gradient.
  Index size() const { return count_; }

  /// For the layers above: the id and gradient of entry i in [0, size()), in the order of the
  /// sweep.
  std::uint64_t id(Index i) const { return entries_[i].id; }
  detail::TensorImpl* gradient(Index i) const { return entries_[i].gradient; }
  /// The gradient of the leaf of that id, null where there is none.
  detail::TensorImpl* find(std::uint64_t id) const noexcept { return get(id); }
  /// Replaces the gradient of entry i (gradient clipping does); takes over one reference.
  void set_gradient(Index i, detail::TensorImpl* gradient);

 private:
  friend struct GradientsBuilder;
  struct Entry {
    std::uint64_t id;
    detail::TensorImpl* gradient;
  };

  static detail::TensorImpl* retained(detail::TensorImpl* impl) {
    detail::retain(impl);
    return impl;
  }
  void swap(Gradients& other) noexcept {
    std::swap(entries_, other.entries_);
    std::swap(slots_, other.slots_);
    std::swap(count_, other.count_);
    std::swap(bytes_, other.bytes_);
    std::swap(mask_, other.mask_);
  }
  detail::TensorImpl* get(std::uint64_t id) const noexcept;
  detail::TensorImpl* lookup(const detail::TensorImpl* leaf) const;

  // One pool block: the entries, then a hash table of positions in them (open addressing).
  Entry* entries_ = nullptr;
  std::int32_t* slots_ = nullptr;
  Index count_ = 0;
  std::size_t bytes_ = 0;
  std::uint64_t mask_ = 0;
};

}  // namespace tenon
