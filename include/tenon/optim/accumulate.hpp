#pragma once

#include "tenon/autograd/gradients.hpp"

namespace tenon::optim {

/// sum += more, leaf by leaf: the gradient of a batch that is too large to be computed at once,
/// from those of its parts. A leaf that only one of the two has keeps that gradient.
///
///   Gradients sum;
///   for (auto& part : parts) {
///     Tape tape;
///     optim::accumulate(sum, tape.gradients(loss_of(part) * (1.0 / parts.size())));
///   }
///   adam.step(sum);
///
/// An empty sum takes over more. Both must come from the same net, whose shapes have not changed.
TENON_API void accumulate(Gradients& sum, Gradients more);

/// Multiplies every gradient by factor.
TENON_API void scale(Gradients& gradients, double factor);

}  // namespace tenon::optim
