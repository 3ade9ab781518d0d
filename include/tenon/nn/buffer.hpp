#pragma once

#include <cstdint>

#include "tenon/tensor/tensor.hpp"

namespace tenon::nn {

/// A tensor of a module's state that is not trained, member of a layer:
///
///   nn::Buffer running_mean{zeros({64})};
///   void visit(nn::Visitor& v) override { v.buffer("running_mean", running_mean); }
///
/// Unlike a Tensor, which is a handle, a Buffer is a value, as nn::Parameter is: copying copies the
/// numbers (so copying a layer clones it), moving keeps them where they are, and assigning writes
/// them in place. `Tensor mean = layer.running_mean` shares them.
template <class T>
class TENON_API BasicBuffer : public BasicTensor<T> {
 public:
  BasicBuffer() noexcept = default;
  /// A copy of the values.
  explicit BasicBuffer(const BasicTensor<T>& values);
  BasicBuffer(const BasicBuffer& other);
  BasicBuffer(BasicBuffer&&) noexcept = default;
  ~BasicBuffer() = default;

  /// Writes the values in place; an undefined buffer gets a copy of them. Throws ShapeError for
  /// another shape (nothing is broadcast), ValueError for undefined values.
  BasicBuffer& operator=(const BasicTensor<T>& values);
  BasicBuffer& operator=(const BasicBuffer& other) {
    return *this = static_cast<const BasicTensor<T>&>(other);
  }
  BasicBuffer& operator=(BasicBuffer&&) noexcept = default;
};

extern template class BasicBuffer<float>;
extern template class BasicBuffer<double>;
extern template class BasicBuffer<std::int64_t>;

using Buffer = BasicBuffer<float>;
/// Of integers, such as counts.
using LongBuffer = BasicBuffer<std::int64_t>;

}  // namespace tenon::nn
