#pragma once

#include <limits>
#include <type_traits>

namespace tenon::detail {

/// Whether To holds every value of From exactly.
template <class From, class To>
inline constexpr bool is_lossless = std::is_same_v<From, To> ||
                                    (!std::is_same_v<To, bool> &&
                                     (std::is_integral_v<From> || std::is_floating_point_v<To>)&&(
                                         std::is_unsigned_v<From> ||
                                         std::is_signed_v<To>)&&std::numeric_limits<To>::digits >=
                                         std::numeric_limits<From>::digits);

}  // namespace tenon::detail
