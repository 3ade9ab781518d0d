#pragma once

/// Numbers in the formulas of gelu and silu.
namespace tenon::kernels {

inline constexpr double normal_peak = 0.39894228040143268;     // 1 / sqrt(2 pi)
inline constexpr double gelu_tanh_scale = 1.5957691216057308;  // sqrt(8 / pi)
inline constexpr double gelu_tanh_cube = 0.044715;
/// Here the tail of every distribution is 0, in double, too; its square is no large number.
inline constexpr double tail_end = 1000;

}  // namespace tenon::kernels
