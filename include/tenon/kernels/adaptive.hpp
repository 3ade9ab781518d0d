#pragma once

#include "tenon/kernels/dims.hpp"

/// Steps of the optimisers that are rarer than Adam: each a plain loop over n contiguous elements,
/// in one pass, parallel over pieces of w and of what is kept beside it.
namespace tenon::kernels {

struct AdadeltaStep {
  double lr = 1;
  double rho = 0.9;
  double eps = 1e-6;
  double weight_decay = 0;
};

/// g' = g + weight_decay w
/// v  = rho v + (1 - rho) g'^2
/// d  = sqrt(a + eps) / sqrt(v + eps) g'
/// a  = rho a + (1 - rho) d^2,  w -= lr d
/// Source: torch.optim.Adadelta.
template <class T>
TENON_API void adadelta_step(Index n, const AdadeltaStep& step, const T* g, T* v, T* a, T* w);

struct AdamaxStep {
  double lr = 2e-3;  ///< of this very step: divided by 1 - beta1^t
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;
};

/// g' = g + weight_decay w
/// m += (1 - beta1) (g' - m)
/// u  = max(beta2 u, |g'| + eps),  w -= lr m / u
/// NaN in g stays in u. Source: torch.optim.Adamax.
template <class T>
TENON_API void adamax_step(Index n, const AdamaxStep& step, const T* g, T* m, T* u, T* w);

/// What NAdam and RAdam have in common. The rates are those of this very step.
struct AdaptiveStep {
  double keep = 1;  ///< what w is multiplied by first: 1 - lr weight_decay where it is decoupled
  double weight_decay = 0;  ///< what is added to the gradient otherwise
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double root = 1;           ///< what sqrt(v) is divided by
  double gradient_rate = 0;  ///< of g'
  double mean_rate = 0;      ///< of m
  bool divides = true;       ///< by sqrt(v) / root + eps; otherwise by 1
};

/// w *= keep,  g' = g + weight_decay w
/// m += (1 - beta1) (g' - m),  v = beta2 v + (1 - beta2) g'^2
/// w -= (gradient_rate g' + mean_rate m) / (sqrt(v) / root + eps)
/// Source: torch.optim.NAdam, torch.optim.RAdam.
template <class T>
TENON_API void adaptive_step(Index n, const AdaptiveStep& step, const T* g, T* m, T* v, T* w);

}  // namespace tenon::kernels
