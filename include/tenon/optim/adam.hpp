#pragma once

#include <vector>

#include "tenon/optim/optimizer.hpp"

namespace tenon::optim {

struct AdamOptions {
  double lr = 1e-3;         ///< learning rate, >= 0
  double beta1 = 0.9;       ///< memory of the mean, in [0, 1)
  double beta2 = 0.999;     ///< memory of the mean square, in [0, 1)
  double eps = 1e-8;        ///< added to the root mean square, >= 0
  double weight_decay = 0;  ///< adds weight_decay w to the gradient, >= 0
};

struct AdamWOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 1e-2;  ///< each step also takes lr weight_decay w off w, >= 0
};

/// Adam, for step t = 1, 2, ... of each parameter:
///   m = beta1 m + (1 - beta1) g,   v = beta2 v + (1 - beta2) g^2
///   w -= lr m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps)
/// Throws ValueError for an option out of its range or a net without parameters. As
/// torch.optim.Adam. Source: Kingma, Ba, "Adam: a method for stochastic optimization", ICLR 2015.
template <class T>
class TENON_API BasicAdam : public BasicOptimizer<T> {
 public:
  explicit BasicAdam(nn::BasicModule<T>& net, const AdamOptions& options = {});
  explicit BasicAdam(const std::vector<nn::BasicParameter<T>*>& parameters,
                     const AdamOptions& options = {});

 protected:
  /// For AdamW: decoupled weight decay acts on the weights rather than on the gradient.
  template <class Parameters>
  BasicAdam(const char* op, Parameters& parameters, const AdamOptions& options, bool decoupled);

 private:
  using typename BasicOptimizer<T>::Slot;
  void update(Slot& slot, const BasicTensor<T>& g) override;

  AdamOptions options_;
  bool decoupled_;
};

/// Adam whose weight decay leaves the gradient alone: w *= 1 - lr weight_decay, then Adam's step.
/// As torch.optim.AdamW. Source: Loshchilov, Hutter, "Decoupled weight decay regularization", ICLR
/// 2019.
template <class T>
class TENON_API BasicAdamW : public BasicAdam<T> {
 public:
  explicit BasicAdamW(nn::BasicModule<T>& net, const AdamWOptions& options = {});
  explicit BasicAdamW(const std::vector<nn::BasicParameter<T>*>& parameters,
                      const AdamWOptions& options = {});
};

extern template class BasicAdam<float>;
extern template class BasicAdam<double>;
extern template class BasicAdamW<float>;
extern template class BasicAdamW<double>;

using Adam = BasicAdam<float>;
using AdamW = BasicAdamW<float>;

}  // namespace tenon::optim
