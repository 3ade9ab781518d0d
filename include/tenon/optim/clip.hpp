#pragma once

#include "tenon/autograd/gradients.hpp"

namespace tenon::optim {

/// Scales all gradients by max_norm / (norm + 1e-6) where that is less than 1, so that steep places
/// don't throw the weights far away; norm is that of all gradients taken as one vector.
/// max_norm > 0. Returns the norm before scaling; where it is not finite, so are the gradients
/// after. Throws ValueError. As torch.nn.utils.clip_grad_norm_.
TENON_API double clip_grad_norm(Gradients& gradients, double max_norm);

/// Limits every element of every gradient to [-limit, limit]; NaN stays. limit >= 0. Throws
/// ValueError. As torch.nn.utils.clip_grad_value_.
TENON_API void clip_grad_value(Gradients& gradients, double limit);

}  // namespace tenon::optim
