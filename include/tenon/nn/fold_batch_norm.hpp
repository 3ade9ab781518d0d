#pragma once

#include "tenon/nn/batch_norm.hpp"
#include "tenon/nn/conv2d.hpp"
#include "tenon/nn/linear.hpp"
#include "tenon/nn/sequential.hpp"

namespace tenon::nn {

/// A copy of a net for inference, in which every BatchNorm right behind a Conv2d or Linear has
/// become part of that layer's weight and bias, also in Sequentials and Residuals inside it. It
/// computes what the net does in evaluation, up to rounding, without a pass for each norm:
///
///   net.eval();
///   nn::Sequential fast = nn::fold_batch_norm(net);
///
/// A copy, since it has fewer layers, and so other names, and cannot be trained on: keep the net
/// for that and for its weights file. Layers of types that derive from these, and what is inside a
/// module of your own, stay as they are; such a module folds its members by the functions below.
/// Throws ValueError where a norm to be folded is in training mode or has no running statistics,
/// ShapeError where it has not the channels of the layer before.
template <class T>
TENON_API BasicSequential<T> fold_batch_norm(const BasicSequential<T>& net);

/// norm(conv(x)) as one convolution:
///   w' = w gamma / sqrt(running_var + eps)
///   b' = (b - running_mean) gamma / sqrt(running_var + eps) + beta
/// for each output channel, where gamma and beta are the norm's weight and bias, computed in
/// double. Throws as above.
template <class T>
TENON_API BasicConv2d<T> fold_batch_norm(const BasicConv2d<T>& conv,
                                         const BasicBatchNorm2d<T>& norm);
/// norm(linear(x)) as one linear layer, for x (N, in_features); otherwise as above.
template <class T>
TENON_API BasicLinear<T> fold_batch_norm(const BasicLinear<T>& linear,
                                         const BasicBatchNorm1d<T>& norm);

}  // namespace tenon::nn
