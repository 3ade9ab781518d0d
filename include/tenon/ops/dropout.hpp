#pragma once

#include <concepts>

#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// Zeroes elements at random while training, so that a net does not rely on single ones.
///   y = x mask,  mask = 0 with probability p, else 1 / (1 - p): the expectation stays x
/// x of any shape; p in [0, 1]. Without training, or for p = 0, y is x itself. Which elements are
/// dropped follows from default_generator(), which moves on by one stream, and the position alone.
/// dx = mask dy. Throws ValueError for another p. Saves the mask. As torch.nn.functional.dropout.
/// Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting",
/// JMLR 15, 2014.
template <std::floating_point T>
TENON_API BasicTensor<T> dropout(const BasicTensor<T>& x, double p, bool training);

/// dropout of whole channels of sequences x (N, C, L), of images x (N, C, H, W): neighbours inside
/// a channel are too alike for the loss of single ones to matter. Throw ShapeError for another
/// rank; otherwise as dropout. As torch.nn.functional.dropout1d and dropout2d. Source: Tompson et
/// al., "Efficient object localization using convolutional networks", CVPR 2015.
template <std::floating_point T>
TENON_API BasicTensor<T> dropout1d(const BasicTensor<T>& x, double p, bool training);
template <std::floating_point T>
TENON_API BasicTensor<T> dropout2d(const BasicTensor<T>& x, double p, bool training);

}  // namespace tenon
