#pragma once

#include <vector>

#include "tenon/optim/optimizer.hpp"

namespace tenon::optim {

struct NAdamOptions {
  double lr = 2e-3;                     ///< learning rate, >= 0
  double beta1 = 0.9;                   ///< memory of the mean, in [0, 1)
  double beta2 = 0.999;                 ///< memory of the mean square, in [0, 1)
  double eps = 1e-8;                    ///< added to the root mean square, >= 0
  double weight_decay = 0;              ///< adds weight_decay w to the gradient, >= 0
  double momentum_decay = 4e-3;         ///< how fast the momentum grows to beta1, >= 0
  bool decoupled_weight_decay = false;  ///< takes lr weight_decay w off w instead, as AdamW does
};

/// NAdam, Adam that looks ahead as Nesterov's momentum does, for step t = 1, 2, ... of each
/// parameter, with mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2):
///   g' = g + weight_decay w,   m = beta1 m + (1 - beta1) g',   v = beta2 v + (1 - beta2) g'^2
///   h  = (1 - mu_t) / (1 - mu_1 ... mu_t) g' + mu_(t+1) / (1 - mu_1 ... mu_(t+1)) m
///   w -= lr h / (sqrt(v / (1 - beta2^t)) + eps)
/// Throws ValueError for an option out of its range or a net without parameters. As
/// torch.optim.NAdam. Source: Dozat, "Incorporating Nesterov momentum into Adam", ICLR 2016
/// workshop.
template <class T>
class TENON_API BasicNAdam : public BasicOptimizer<T> {
 public:
  explicit BasicNAdam(nn::BasicModule<T>& net, const NAdamOptions& options = {});
  explicit BasicNAdam(const std::vector<nn::BasicParameter<T>*>& parameters,
                      const NAdamOptions& options = {});

 private:
  using typename BasicOptimizer<T>::Slot;
  void update(Slot& slot, const BasicTensor<T>& g) override;

  NAdamOptions options_;
  // mu_1 ... mu_t of the last step taken, which is a function of t: no part of the state.
  Index product_steps_ = 0;
  double product_ = 1;
};

extern template class BasicNAdam<float>;
extern template class BasicNAdam<double>;

using NAdam = BasicNAdam<float>;

}  // namespace tenon::optim
