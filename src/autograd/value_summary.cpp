#include "value_summary.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <type_traits>

#include "tenon/autograd/tape.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon::detail {
namespace {

/// The values in row-major order.
template <class T>
BasicTensor<T> contiguous(const TensorImpl& x) {
  auto& shared = const_cast<TensorImpl&>(x);
  retain(&shared);
  const NoTape unrecorded;
  return BasicTensor<T>(&shared).contiguous();
}

template <class T>
bool has_non_finite_as(const TensorImpl& x) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  constexpr Bits exponent = std::bit_cast<Bits>(std::numeric_limits<T>::infinity());
  const BasicTensor<T> values = contiguous<T>(x);
  const T* p = values.data();
  const Index n = values.numel();
  // Blocks without a branch in them are vectorised.
  constexpr Index block = 1024;
  for (Index begin = 0; begin < n; begin += block) {
    Bits found = 0;
    for (Index i = begin; i < std::min(n, begin + block); ++i) {
      found |= static_cast<Bits>((std::bit_cast<Bits>(p[i]) & exponent) == exponent);
    }
    if (found != 0) return true;
  }
  return false;
}

template <class T>
ValueSummary summary_as(const TensorImpl& x) {
  const BasicTensor<T> values = contiguous<T>(x);
  ValueSummary s;
  double sum = 0;
  for (Index i = 0; i < values.numel(); ++i) {
    const double value = static_cast<double>(values.data()[i]);
    if (std::isfinite(value)) {
      s.min = s.finite == 0 ? value : std::min(s.min, value);
      s.max = s.finite == 0 ? value : std::max(s.max, value);
      sum += value;
      ++s.finite;
      continue;
    }
    ++(std::isnan(value) ? s.nan : value > 0 ? s.positive_infinite : s.negative_infinite);
    if (s.first < 0) {
      s.first = i;
      s.first_value = value;
    }
  }
  if (s.finite > 0) s.mean = sum / static_cast<double>(s.finite);
  return s;
}

}  // namespace

bool has_non_finite(const TensorImpl& x) {
  if (x.dtype == DType::float32) return has_non_finite_as<float>(x);
  return x.dtype == DType::float64 && has_non_finite_as<double>(x);
}

ValueSummary summary_of(const TensorImpl& x) {
  if (x.dtype == DType::float32) return summary_as<float>(x);
  if (x.dtype == DType::float64) return summary_as<double>(x);
  return {};
}

std::string counts_text(const ValueSummary& s) {
  std::string text;
  if (s.nan > 0) text = std::to_string(s.nan) + " NaN";
  if (s.infinite() == 0) return text;
  if (s.nan > 0) text += " and ";
  return text + std::to_string(s.infinite()) + " Inf";
}

std::string index_text(const Shape& shape, Index position) {
  Shape at = shape;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    at[i] = position % shape[i];
    position /= shape[i];
  }
  return to_string(at);
}

}  // namespace tenon::detail
