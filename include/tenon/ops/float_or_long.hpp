#pragma once

#include <concepts>
#include <cstdint>

namespace tenon::detail {

/// The scalar types of operations that move or order values: those that compute, and the integers
/// in which labels, ids and positions come.
template <class T>
concept FloatOrLong = std::floating_point<T> || std::same_as<T, std::int64_t>;

}  // namespace tenon::detail
