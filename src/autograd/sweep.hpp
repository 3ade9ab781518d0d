#pragma once

#include "context.hpp"

namespace tenon::detail {

/// Walks from node y_node back to start, runs the rules, and collects the gradients of leaves, of
/// watched nodes, and of everything before start. dy is ones where null.
Gradients reverse_sweep(TapeContext& context, std::int32_t y_node, std::int32_t start,
                        TensorImpl* y, TensorImpl* dy);

/// Whether x depends on a leaf of this thread's tapes.
bool is_tracked(TensorImpl& x);

}  // namespace tenon::detail
