#pragma once

#include <vector>

#include "tenon/optim/optimizer.hpp"

namespace tenon::optim {

struct AdadeltaOptions {
  double lr = 1;            ///< factor of each change, >= 0
  double rho = 0.9;         ///< memory of both mean squares, in [0, 1)
  double eps = 1e-6;        ///< added to both mean squares, >= 0
  double weight_decay = 0;  ///< adds weight_decay w to the gradient, >= 0
};

/// Adadelta, whose changes have the unit of the weights, so that lr can stay 1:
///   g' = g + weight_decay w,   v = rho v + (1 - rho) g'^2
///   d  = sqrt(a + eps) / sqrt(v + eps) g',   a = rho a + (1 - rho) d^2
///   w -= lr d
/// Throws ValueError for an option out of its range or a net without parameters. As
/// torch.optim.Adadelta. Source: Zeiler, "ADADELTA: an adaptive learning rate method",
/// arXiv:1212.5701, 2012.
template <class T>
class TENON_API BasicAdadelta : public BasicOptimizer<T> {
 public:
  explicit BasicAdadelta(nn::BasicModule<T>& net, const AdadeltaOptions& options = {});
  explicit BasicAdadelta(const std::vector<nn::BasicParameter<T>*>& parameters,
                         const AdadeltaOptions& options = {});

 private:
  using typename BasicOptimizer<T>::Slot;
  void update(Slot& slot, const BasicTensor<T>& g) override;

  AdadeltaOptions options_;
};

extern template class BasicAdadelta<float>;
extern template class BasicAdadelta<double>;

using Adadelta = BasicAdadelta<float>;

}  // namespace tenon::optim
