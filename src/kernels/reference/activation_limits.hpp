#pragma once

/// Where the smooth activations stop changing: larger numbers are cut to these, so that no infinity
/// meets a 0 or another infinity.
namespace tenon::kernels {

inline constexpr double mish_end = 1000;
inline constexpr double softsign_end = 1e30;

}  // namespace tenon::kernels
