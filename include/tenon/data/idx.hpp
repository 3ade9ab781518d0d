#pragma once

#include <string>

#include "tenon/base/error.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon::data {

/// Reads an IDX file (the format of MNIST), plain or compressed by gzip, whatever its name.
///   file = 0, 0, type, rank; one size an axis; the values, all big-endian
/// The file may hold uint8, int8, int16, int32, float32 or float64; it is converted where T holds
/// every value of that type exactly. Sizes are checked against the file before memory is taken, and
/// a compressed file is read in growing pieces. Throws TypeError where T cannot hold the values,
/// and IoError where the file cannot be read or contradicts itself. Source: Y. LeCun, C. Cortes, C.
/// Burges, "The MNIST database of handwritten digits".
template <class T = std::uint8_t>
TENON_API BasicTensor<T> load_idx(const std::string& path);

}  // namespace tenon::data
