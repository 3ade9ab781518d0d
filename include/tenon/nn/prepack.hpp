#pragma once

#include "tenon/nn/module.hpp"

namespace tenon::nn {

/// Prepares a module in eval mode for inference: runs it once on example, while every Conv2d inside
/// keeps its weights in the form in which its inner loops read them. From then on a forward pass of
/// images of that size, in batches of any, need not prepare them, which is a good part of the
/// latency of a single sample. No output changes, not by a bit.
///
///   net.eval();
///   nn::prepack(net, images);
///
/// What was kept is used as long as it is true: for other sizes, and once the weights have been
/// written (by an optimiser, by loading, by assignment; after writing through data() or element
/// access call mark_modified()), layers work as if it were not there, correctly and as slowly as
/// before. It takes about as much memory as the weights, 16/9 of it for 3x3 kernels. train() drops
/// it, moving a module keeps it, copying does not copy it. Not recorded on a tape. Writes into the
/// module: not while other threads use it.
///
/// Throws ValueError in training mode, and what the forward pass throws.
template <class T>
TENON_API void prepack(BasicModule<T>& module, const BasicTensor<T>& example);

}  // namespace tenon::nn
