#pragma once

// What the tests of differentiable operations share: inputs with known properties, the same values
// under awkward strides, element access by position, gradient checks, and comparisons bit by bit.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "tenon/autograd/gradcheck.hpp"
#include "tenon/autograd/tape.hpp"
#include "tenon/base/error.hpp"
#include "tenon/base/parallel.hpp"
#include "tenon/base/random.hpp"
#include "tenon/ops/shape.hpp"
#include "tenon/tensor/factories.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon::test {

// --- inputs
// ---------------------------------------------------------------------------------------

/// Uniform in [low, high); the same for the same seed.
template <class T = double>
BasicTensor<T> random_tensor(const Shape& shape, std::uint64_t seed, double low = -2,
                             double high = 2) {
  auto x = BasicTensor<T>::empty(shape);
  detail::fill_uniform(x.data(), x.numel(), RandomKey{seed, 0}, low, high);
  return x;
}

/// Random integers in [low, high).
inline LongTensor random_integers(const Shape& shape, std::uint64_t seed, Index low, Index high) {
  const auto x = random_tensor(shape, seed, static_cast<double>(low), static_cast<double>(high));
  auto y = LongTensor::empty(shape);
  for (Index i = 0; i < x.numel(); ++i) {
    y.data()[i] = std::min(static_cast<Index>(std::floor(x.data()[i])), high - 1);
  }
  return y;
}

/// Values in random order that all differ by at least `gap` from each other and from zero: generic
/// points of relu, abs and max, where a finite difference must not cross a kink.
template <class T = double>
BasicTensor<T> distinct_tensor(const Shape& shape, std::uint64_t seed, double gap = 0.1) {
  auto x = BasicTensor<T>::empty(shape);
  const Index n = x.numel();
  std::vector<Index> order(static_cast<std::size_t>(n));
  detail::fill_permutation(order.data(), n, RandomKey{seed, 0});
  for (Index i = 0; i < n; ++i) {
    const double position = static_cast<double>(order[static_cast<std::size_t>(i)]);
    x.data()[i] = static_cast<T>(gap * (position - static_cast<double>(n / 2) + 0.5) * 2);
  }
  return x;
}

// --- element access
// -------------------------------------------------------------------------------

/// Calls f(position) for every position of a shape in row-major order.
template <class F>
void for_each_position(const Shape& shape, const F& f) {
  if (shape.numel() == 0) return;
  Shape position = Shape::filled(shape.rank(), 0);
  while (true) {
    f(std::as_const(position));
    int axis = shape.rank() - 1;
    for (; axis >= 0; --axis) {
      if (++position[axis] < shape[axis]) break;
      position[axis] = 0;
    }
    if (axis < 0) return;
  }
}

/// The element at a position of a shape to which x broadcasts.
template <class T>
T value_at(const BasicTensor<T>& x, const Shape& position) {
  Index offset = 0;
  const int shift = position.rank() - x.rank();
  for (int i = 0; i < x.rank(); ++i) {
    if (x.shape()[i] != 1) offset += position[i + shift] * x.strides()[i];
  }
  return x.data()[offset];
}

/// All values in row-major order.
template <class T>
std::vector<T> values_of(const BasicTensor<T>& x) {
  std::vector<T> values;
  for_each_position(x.shape(), [&](const Shape& p) { values.push_back(value_at(x, p)); });
  return values;
}

// --- the same values, stored otherwise
// ------------------------------------------------------------

/// A view with x's values and shape whose memory runs in the opposite order of axes.
template <class T>
BasicTensor<T> transposed_storage(const BasicTensor<T>& x) {
  Shape order;
  for (int i = x.rank() - 1; i >= 0; --i) order.push_back(i);
  return x.permute(order).clone().permute(order);
}

/// A view with x's values and shape that leaves out every second element of a larger tensor and
/// starts behind its beginning.
template <class T>
BasicTensor<T> sliced_storage(const BasicTensor<T>& x) {
  Shape larger = x.shape();
  for (Index& d : larger) d = 2 * d + 3;
  auto storage = BasicTensor<T>::empty(larger);
  storage.fill_(static_cast<T>(77));
  BasicTensor<T> view = storage;
  for (int i = 0; i < x.rank(); ++i) {
    view = view.slice(i, Slice{2, 2 + 2 * x.shape()[i], 2});
  }
  view.copy_(x);
  return view;
}

/// x and its equals under awkward strides.
template <class T>
std::vector<BasicTensor<T>> layouts_of(const BasicTensor<T>& x) {
  return {x, transposed_storage(x), sliced_storage(x)};
}

// --- comparisons
// ----------------------------------------------------------------------------------

/// Whether shapes and all bits are equal; NaN equals NaN of the same bits.
template <class T>
bool same_bits(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  if (!(a.shape() == b.shape())) return false;
  const auto x = a.contiguous(), y = b.contiguous();
  return x.numel() == 0 ||
         std::memcmp(x.data(), y.data(), static_cast<std::size_t>(x.numel()) * sizeof(T)) == 0;
}

/// Largest |a - b| / max(1, |b|); infinite where shapes differ or only one is NaN.
template <class T, class U>
double max_error(const BasicTensor<T>& a, const BasicTensor<U>& b) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  if (!(a.shape() == b.shape())) return infinite;
  double worst = 0;
  for_each_position(a.shape(), [&](const Shape& p) {
    const double x = static_cast<double>(value_at(a, p)), y = static_cast<double>(value_at(b, p));
    if (x == y || (std::isnan(x) && std::isnan(y))) return;
    const double error = std::abs(x - y) / std::max(1.0, std::abs(y));
    worst = std::isnan(error) ? infinite : std::max(worst, error);
  });
  return worst;
}

/// Whether f() gives the same bits at 1, 2, 3 and 8 threads.
template <class F>
bool same_bits_for_all_threads(const F& f) {
  const auto run = [&](int threads) {
    ThreadScope scope(threads);
    return f();
  };
  const auto expected = run(1);
  for (int threads : {2, 3, 8}) {
    if (!same_bits(run(threads), expected)) return false;
  }
  return true;
}

/// The message of the E that f() throws, "no error" where it throws none.
template <class E = Error, class F>
std::string error_of(const F& f) {
  try {
    f();
  } catch (const E& error) {
    return error.what();
  }
  return "no error";
}

// --- gradients
// ------------------------------------------------------------------------------------

/// Checks first derivatives of f, a function of std::vector<DoubleTensor>.
template <class F>
void check_first_gradients(const std::string& op, const F& f,
                           const std::vector<DoubleTensor>& inputs,
                           const GradcheckOptions& options = {}) {
  const GradcheckResult first = gradcheck(f, inputs, options);
  INFO(op << ", first derivative: " << first.report);
  CHECK(first.passed);
}

/// Checks first and second derivatives.
template <class F>
void check_gradients(const std::string& op, const F& f, const std::vector<DoubleTensor>& inputs,
                     const GradcheckOptions& options = {}) {
  check_first_gradients(op, f, inputs, options);
  const GradcheckResult second = gradgradcheck(f, inputs, options);
  INFO(op << ", second derivative: " << second.report);
  CHECK(second.passed);
}

/// The same with every input seen through views under the tape: transposed memory, and memory with
/// gaps. The numeric side sees the same views.
template <class F>
void check_gradients_in_all_layouts(const std::string& op, const F& f,
                                    const std::vector<DoubleTensor>& inputs) {
  const auto through = [&f](const auto& view) {
    return [&f, &view](const std::vector<DoubleTensor>& in) {
      std::vector<DoubleTensor> views;
      for (const auto& x : in) views.push_back(view(x));
      return f(views);
    };
  };
  const auto transposed = [](const DoubleTensor& x) { return transposed_storage(x); };
  const auto gapped = [](const DoubleTensor& x) {
    return x.rank() == max_rank ? x : stack({x, x}, -1).select(-1, 0);
  };
  check_gradients(op, f, inputs);
  check_gradients(op, through(transposed), inputs);
  check_gradients(op, through(gapped), inputs);
}

}  // namespace tenon::test
