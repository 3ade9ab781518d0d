#pragma once

#include <vector>

#include "tenon/optim/optimizer.hpp"

namespace tenon::optim {

struct RMSpropOptions {
  double lr = 1e-2;         ///< learning rate, >= 0
  double alpha = 0.99;      ///< memory of the mean square, in [0, 1)
  double eps = 1e-8;        ///< added to the root mean square, >= 0
  double weight_decay = 0;  ///< adds weight_decay w to the gradient, >= 0
  double momentum = 0;      ///< share of the last change that is kept, >= 0
  bool centered = false;    ///< divides by the standard deviation instead of the root mean square
};

/// RMSprop:
///   g' = g + weight_decay w,   v = alpha v + (1 - alpha) g'^2
///   r = g' / (sqrt(v) + eps),  or with centered  g' / (sqrt(max(v - m^2, 0)) + eps) and
///   m = alpha m + (1 - alpha) g'
///   w -= lr r,  or with momentum  b = momentum b + r, w -= lr b
/// Throws ValueError for an option out of its range or a net without parameters. As
/// torch.optim.RMSprop. Source: Hinton, "Neural networks for machine learning", lecture 6e, 2012;
/// centered: Graves, "Generating sequences with recurrent neural networks", arXiv:1308.0850.
template <class T>
class TENON_API BasicRMSprop : public BasicOptimizer<T> {
 public:
  explicit BasicRMSprop(nn::BasicModule<T>& net, const RMSpropOptions& options = {});
  explicit BasicRMSprop(const std::vector<nn::BasicParameter<T>*>& parameters,
                        const RMSpropOptions& options = {});

 private:
  using typename BasicOptimizer<T>::Slot;
  void update(Slot& slot, const BasicTensor<T>& g) override;

  RMSpropOptions options_;
};

extern template class BasicRMSprop<float>;
extern template class BasicRMSprop<double>;

using RMSprop = BasicRMSprop<float>;

}  // namespace tenon::optim
