#include "tenon/tensor/factories.hpp"

#include <cmath>
#include <cstring>
#include <limits>

#include "base/profile.hpp"
#include "tenon/base/error.hpp"
#include "tenon/base/parallel.hpp"
#include "tenon/kernels/copy.hpp"
#include "tensor/checks.hpp"

namespace tenon {
namespace {

constexpr Index grain = 1 << 14;

/// What profiles count for filling x.
template <class T>
void count_written(const BasicTensor<T>& x) {
  detail::count_work<T>(0, x.numel() * static_cast<Index>(sizeof(T)));
}

/// The value at position i, counted in row-major order, is f(i).
template <class T, class F>
BasicTensor<T> generate(const Shape& shape, const F& f) {
  auto result = BasicTensor<T>::empty(shape);
  T* values = result.data();
  count_written(result);
  parallel_for(result.numel(), grain, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) values[i] = static_cast<T>(f(i));
  });
  return result;
}

/// Throws ValueError where value is no number that T can hold.
template <class T>
void check_holds(const char* op, double value) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::abs(value) <= static_cast<double>(std::numeric_limits<T>::max())) return;
  } else {
    // One past the largest is a power of two and thus exact; the largest itself may not be.
    const double past = 2 * static_cast<double>(std::numeric_limits<T>::max() / 2 + 1);
    if (value >= static_cast<double>(std::numeric_limits<T>::lowest()) && value < past) return;
  }
  detail::fail<ValueError>(op, "a tensor of ", to_string(detail::dtype_of<T>),
                           " cannot hold the value ", value,
                           "; hint: give finite bounds inside the range of that type");
}

template <class T>
void check_whole(const char* op, double value) {
  if (std::is_floating_point_v<T> || std::trunc(value) == value) return;
  detail::fail<ValueError>(op, "the values of a tensor of ", to_string(detail::dtype_of<T>),
                           " are whole numbers but ", value,
                           " was given; hint: ask for a tensor of float");
}

constexpr Index number = -1;  // in the place of a list's length

template <class T>
Index length_of(const detail::Nested<T>& values) {
  return values.is_number() ? number : values.count();
}

std::string length_text(Index length) {
  return length == number ? "a number" : "a list of " + std::to_string(length);
}

[[noreturn]] void fail_ragged(Index found, Index expected) {
  detail::fail<ShapeError>("tensor", "found ", length_text(found), " where earlier rows have ",
                           length_text(expected),
                           "; hint: all lists of one level must have the same length");
}

template <class T>
Shape nested_shape(const detail::Nested<T>& values) {
  Shape shape;
  const detail::Nested<T>* level = &values;
  while (!level->is_number()) {
    shape.push_back(level->count());
    if (level->count() == 0) break;
    level = &(*level)[0];
  }
  return shape;
}

/// Writes the values behind out and returns where the next ones belong.
template <class T>
T* flatten_nested(const detail::Nested<T>& values, const Shape& shape, int axis, T* out) {
  const Index expected = axis < shape.rank() ? shape[axis] : number;
  if (length_of(values) != expected) fail_ragged(length_of(values), expected);
  if (values.is_number()) {
    *out = values.value();
    return out + 1;
  }
  for (Index i = 0; i < expected; ++i) out = flatten_nested(values[i], shape, axis + 1, out);
  return out;
}

void check_data(const char* op, const void* data, const Shape& shape) {
  if (data != nullptr || shape.numel() == 0) return;
  detail::fail<ValueError>(op, "the pointer to the values of shape ", shape,
                           " is null; hint: is the container empty?");
}

}  // namespace

template <class T>
BasicTensor<T> detail::from_nested(const Nested<T>& values) {
  auto result = BasicTensor<T>::empty(nested_shape(values));
  flatten_nested(values, result.shape(), 0, result.data());
  return result;
}

template <class T>
BasicTensor<T> full(const Shape& shape, std::type_identity_t<T> value) {
  const detail::OpScope scope("fill");
  auto result = BasicTensor<T>::empty(shape);
  kernels::fill(result.numel(), value, result.data());
  return result;
}

template <class T>
BasicTensor<T> arange(double start, double stop, double step) {
  const detail::OpScope scope("arange");
  if (step == 0 || !std::isfinite(step)) {
    detail::fail<ValueError>("arange", "the step must be a number other than 0 but ", step,
                             " was given; hint: it is the distance of two neighbours");
  }
  check_whole<T>("arange", start);
  check_whole<T>("arange", step);
  const double exact_count = std::ceil((stop - start) / step);
  if (!(exact_count < 0x1p62)) {
    detail::fail<ValueError>("arange", "from ", start, " to ", stop, " in steps of ", step,
                             " is too many values; hint: is the step meant to be that small?");
  }
  const Index count = exact_count < 1 ? 0 : static_cast<Index>(exact_count);
  if (count == 0) return BasicTensor<T>::empty({0});
  check_holds<T>("arange", start);
  check_holds<T>("arange", start + static_cast<double>(count - 1) * step);
  return generate<T>({count}, [=](Index i) { return start + static_cast<double>(i) * step; });
}

template <class T>
BasicTensor<T> linspace(double start, double stop, Index count) {
  const detail::OpScope scope("linspace");
  if (count < 0) {
    detail::fail<ValueError>("linspace", "the number of values must be at least 0 but ", count,
                             " was given; hint: linspace(start, stop, count)");
  }
  check_holds<T>("linspace", start);
  check_holds<T>("linspace", stop);
  const double step = count > 1 ? (stop - start) / static_cast<double>(count - 1) : 0;
  // The second half is counted from the end, so that stop is met exactly.
  return generate<T>({count}, [=](Index i) {
    return i < (count + 1) / 2 ? start + static_cast<double>(i) * step
                               : stop - static_cast<double>(count - 1 - i) * step;
  });
}

template <class T>
BasicTensor<T> eye(Index n) {
  auto result = full<T>({n, n}, T(0));
  for (Index i = 0; i < n; ++i) result.data()[i * n + i] = T(1);
  return result;
}

template <class T>
BasicTensor<T> uniform(const Shape& shape, double low, double high) {
  const detail::OpScope scope("uniform");
  if (!(low <= high) || !std::isfinite(high - low)) {
    detail::fail<ValueError>("uniform", "the range from ", low, " to ", high,
                             " is not one; hint: low <= high, both finite");
  }
  auto result = BasicTensor<T>::empty(shape);
  count_written(result);
  detail::fill_uniform(result.data(), result.numel(), default_generator().next(), low, high);
  return result;
}

template <class T>
BasicTensor<T> normal(const Shape& shape, double mean, double stddev) {
  const detail::OpScope scope("normal");
  if (!(stddev >= 0)) {
    detail::fail<ValueError>("normal", "the standard deviation must be at least 0 but ", stddev,
                             " was given; hint: normal(shape, mean, stddev)");
  }
  auto result = BasicTensor<T>::empty(shape);
  count_written(result);
  detail::fill_normal(result.data(), result.numel(), default_generator().next(), mean, stddev);
  return result;
}

LongTensor randint(Index low, Index high, const Shape& shape) {
  const detail::OpScope scope("randint");
  if (low >= high) {
    detail::fail<ValueError>("randint", "there is no integer in [", low, ", ", high,
                             "); hint: high itself is excluded");
  }
  const RandomKey key = default_generator().next();
  const std::uint64_t width = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  return generate<std::int64_t>(shape, [=](Index i) {
    const auto words = detail::philox(key, static_cast<std::uint64_t>(i));
    const std::uint64_t bits = (std::uint64_t{words[0]} << 32) | words[1];
    return static_cast<Index>(static_cast<std::uint64_t>(low) + bits % width);
  });
}

LongTensor randperm(Index n) {
  const detail::OpScope scope("randperm");
  auto result = LongTensor::empty({n});
  count_written(result);
  detail::fill_permutation(result.data(), n, default_generator().next());
  return result;
}

template <class T>
BasicTensor<T> from_data(const T* data, const Shape& shape) {
  const detail::OpScope scope("from_data");
  auto result = BasicTensor<T>::empty(shape);
  check_data("from_data", data, shape);
  const auto bytes = static_cast<std::size_t>(result.numel()) * sizeof(T);
  detail::count_work<T>(0, 2 * static_cast<Index>(bytes));
  if (bytes > 0) std::memcpy(result.data(), data, bytes);
  return result;
}

template <class T>
BasicTensor<T> from_blob(T* data, const Shape& shape) {
  BasicTensor<T> result(detail::new_borrowed(detail::dtype_of<T>, sizeof(T), data, shape));
  check_data("from_blob", data, shape);
  return result;
}

#define TENON_INSTANTIATE(T)                                              \
  template BasicTensor<T> detail::from_nested(const Nested<T>&);          \
  template BasicTensor<T> full<T>(const Shape&, std::type_identity_t<T>); \
  template BasicTensor<T> arange<T>(double, double, double);              \
  template BasicTensor<T> linspace<T>(double, double, Index);             \
  template BasicTensor<T> eye<T>(Index);                                  \
  template BasicTensor<T> from_data(const T*, const Shape&);              \
  template BasicTensor<T> from_blob(T*, const Shape&);
TENON_FOR_EACH_SCALAR(TENON_INSTANTIATE)
#undef TENON_INSTANTIATE

#define TENON_INSTANTIATE(T)                                        \
  template BasicTensor<T> uniform<T>(const Shape&, double, double); \
  template BasicTensor<T> normal<T>(const Shape&, double, double);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
