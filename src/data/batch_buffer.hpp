#pragma once

#include "tenon/tensor/tensor.hpp"

// The memory of batches, which loaders use again where nobody else still holds it.

namespace tenon::detail {

/// Uninitialised memory for so many samples of a shape.
template <class T>
BasicTensor<T> batch_buffer(Index rows, Shape sample) {
  sample.insert(0, rows);
  return BasicTensor<T>::empty(sample);
}

/// Whether somebody else still holds the tensor or a view of it.
template <class T>
bool is_shared(const BasicTensor<T>& tensor) {
  return tensor.impl()->references.load(std::memory_order_acquire) > 1;
}

}  // namespace tenon::detail
