#pragma once

#include <iosfwd>
#include <string>

#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// The values as PyTorch prints them: nested brackets, aligned columns, four decimals or scientific
/// where the range asks for it, "..." inside axes longer than six once there are over 1,000
/// elements. The type is named where the values do not tell it (dtype=float64).
template <class T>
TENON_API std::string to_string(const BasicTensor<T>& x);

template <class T>
TENON_API std::ostream& operator<<(std::ostream& out, const BasicTensor<T>& x);

}  // namespace tenon
