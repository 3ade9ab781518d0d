#pragma once

#include <string>

#include "tenon/base/error.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon::io {

/// Reads a NumPy .npy file (versions 1 to 3, C or Fortran order, little-endian) as a tensor of T.
/// The file may hold f4, f8, i8, i4, u1 or b1; it is converted where T holds every value of that
/// type exactly (u1 to float, f4 to double, ...). Throws TypeError where it does not, and IoError
/// where the file cannot be read or contradicts itself. T is any type that a tensor can hold.
/// Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
template <class T = float>
TENON_API BasicTensor<T> load_npy(const std::string& path);

/// Writes a tensor as a version 1 .npy file in C order; complete or not at all. Throws IoError.
template <class T>
TENON_API void save_npy(const std::string& path, const BasicTensor<T>& tensor);

}  // namespace tenon::io
