#pragma once

#include <string>

#include "tenon/tensor/impl.hpp"

namespace tenon::detail {

/// What there is to say of a tensor's values. Of types other than float and double all count as
/// finite, unseen.
struct ValueSummary {
  Index nan = 0;
  Index positive_infinite = 0;
  Index negative_infinite = 0;
  Index first = -1;        ///< position in row-major order of the first that is not finite
  double first_value = 0;  ///< it
  Index finite = 0;
  double min = 0, max = 0, mean = 0;  ///< of the finite ones, 0 without any

  Index infinite() const { return positive_infinite + negative_infinite; }
  bool all_finite() const { return nan + infinite() == 0; }
  double largest() const { return max > -min ? max : -min; }
};

/// Whether a value that is not finite is among them; quicker than summary_of.
bool has_non_finite(const TensorImpl& x);

ValueSummary summary_of(const TensorImpl& x);

/// "2 NaN and 1 Inf"
std::string counts_text(const ValueSummary& summary);
/// "(1, 2)": a position in row-major order.
std::string index_text(const Shape& shape, Index position);

}  // namespace tenon::detail
