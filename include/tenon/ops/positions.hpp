#pragma once

#include <concepts>

#include "tenon/tensor/tensor.hpp"

/// Tables that tell a Transformer where its steps stand. All are constants for the tape.
namespace tenon {

/// Sines and cosines of wavelengths from 2 pi to 10000 2 pi, added to the inputs.
///   y[l, 2i]     = sin(p 10000^(-2i/E)),  p = offset + l
///   y[l, 2i + 1] = cos(p 10000^(-2i/E))
/// length >= 0; features E >= 2, even; offset >= 0   y (length, E)
/// Throws ValueError. Source: Vaswani et al., "Attention is all you need", 2017, section 3.5.
template <std::floating_point T = float>
TENON_API BasicTensor<T> sinusoidal_positions(Index length, Index features, Index offset = 0);

/// The slopes of alibi_bias(), one for each head: 2^(-8/heads), its square, its third power, ...
/// where heads is a power of two; else those of the next lower power of two, then every other one
/// of the next higher, as in the paper's program.
/// heads >= 1   y (heads). Throws ValueError.
template <std::floating_point T = float>
TENON_API BasicTensor<T> alibi_slopes(Index heads);

/// What is added to a query's products with keys in place of positions: the further away, the less.
///   y[a, i, j] = -slope_a |offset + i - j|
/// queries, keys >= 0; offset: the position of the first query, >= 0, which in decoding with kept
/// keys is keys - queries   y (heads, queries, keys), broadcast over the batch. Future keys are not
/// masked. Throws ValueError. Source: Press, Smith and Lewis, "Train short, test long: attention
/// with linear biases enables input length extrapolation", ICLR 2022.
template <std::floating_point T = float>
TENON_API BasicTensor<T> alibi_bias(Index heads, Index queries, Index keys, Index offset = 0);

}  // namespace tenon
