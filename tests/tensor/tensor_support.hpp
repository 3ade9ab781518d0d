#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "catch.hpp"
#include "tenon/base/error.hpp"
#include "tenon/tensor/factories.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon_test {

using namespace tenon;

/// Calls f(position) for every position of the shape in row-major order.
template <class F>
void for_each_position(const Shape& shape, const F& f) {
  if (shape.numel() == 0) return;
  Shape position = Shape::filled(shape.rank(), 0);
  while (true) {
    f(static_cast<const Shape&>(position));
    int axis = shape.rank() - 1;
    while (axis >= 0 && ++position[axis] == shape[axis]) position[axis--] = 0;
    if (axis < 0) return;
  }
}

inline Index dot(const Shape& position, const Shape& strides) {
  Index sum = 0;
  for (int i = 0; i < position.rank(); ++i) sum += position[i] * strides[i];
  return sum;
}

inline Index row_major(const Shape& shape, const Shape& position) {
  Index flat = 0;
  for (int i = 0; i < shape.rank(); ++i) flat = flat * shape[i] + position[i];
  return flat;
}

/// The values in row-major order, found with the strides alone.
template <class T>
std::vector<T> values_of(const BasicTensor<T>& x) {
  std::vector<T> values;
  for_each_position(x.shape(),
                    [&](const Shape& at) { values.push_back(x.data()[dot(at, x.strides())]); });
  return values;
}

/// The message of the E that f throws; something else tells what happened instead.
template <class E, class F>
std::string message(const F& f) {
  try {
    f();
  } catch (const E& error) {
    return error.what();
  } catch (const std::exception& error) {
    return std::string("an error of another type: ") + error.what();
  }
  return "nothing was thrown";
}

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  /// In [low, high].
  Index pick(Index low, Index high) {
    return std::uniform_int_distribution<Index>(low, high)(engine_);
  }
  bool chance(int percent) { return pick(1, 100) <= percent; }
  /// At most 5 axes and some hundred elements; a few have an axis of size 0.
  Shape shape() {
    Shape result;
    const Index rank = pick(0, 5);
    for (Index i = 0; i < rank; ++i) result.push_back(pick(1, rank > 3 ? 3 : 5));
    if (rank > 0 && chance(10)) result[pick(0, rank - 1)] = 0;
    return result;
  }
  Shape order(int rank) {
    Shape result;
    for (int i = 0; i < rank; ++i) result.push_back(i);
    std::shuffle(result.begin(), result.end(), engine_);
    return result;
  }

 private:
  std::mt19937 engine_;
};

/// 0, 1, 2, ... in that shape.
template <class T = std::int64_t>
BasicTensor<T> counting(const Shape& shape) {
  auto x = BasicTensor<T>::empty(shape);
  for (Index i = 0; i < x.numel(); ++i) x.data()[i] = static_cast<T>(i);
  return x;
}

}  // namespace tenon_test
