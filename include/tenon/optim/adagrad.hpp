#pragma once

#include <vector>

#include "tenon/optim/optimizer.hpp"

namespace tenon::optim {

struct AdagradOptions {
  double lr = 1e-2;                      ///< learning rate, >= 0
  double lr_decay = 0;                   ///< how fast it falls, >= 0
  double weight_decay = 0;               ///< adds weight_decay w to the gradient, >= 0
  double initial_accumulator_value = 0;  ///< what s starts at, >= 0
  double eps = 1e-10;                    ///< added to the root of s, >= 0
};

/// Adagrad, for step t = 1, 2, ... of each parameter:
///   g' = g + weight_decay w,   s = s + g'^2
///   w -= lr / (1 + (t - 1) lr_decay)  g' / (sqrt(s) + eps)
/// Rare words of an embedding, whose gradients are mostly 0, keep large steps this way, and rows
/// that a batch did not meet cost next to nothing. Throws ValueError for an option out of its range
/// or a net without parameters. As torch.optim.Adagrad. Source: Duchi, Hazan, Singer, "Adaptive
/// subgradient methods for online learning and stochastic optimization", JMLR 12, 2011.
template <class T>
class TENON_API BasicAdagrad : public BasicOptimizer<T> {
 public:
  explicit BasicAdagrad(nn::BasicModule<T>& net, const AdagradOptions& options = {});
  explicit BasicAdagrad(const std::vector<nn::BasicParameter<T>*>& parameters,
                        const AdagradOptions& options = {});

 private:
  using typename BasicOptimizer<T>::Slot;
  void update(Slot& slot, const BasicTensor<T>& g) override;

  AdagradOptions options_;
};

extern template class BasicAdagrad<float>;
extern template class BasicAdagrad<double>;

using Adagrad = BasicAdagrad<float>;

}  // namespace tenon::optim
