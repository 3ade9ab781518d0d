#pragma once

#include <string>

#include "tenon/nn/module.hpp"

/// Activations as layers, under PyTorch's names and with its defaults; each computes the function
/// of the same name in ops/activations.hpp. ReLU, Tanh, Sigmoid, GELU and SiLU have headers of
/// their own.
namespace tenon::nn {

/// y = x where x > 0, else negative_slope x; see leaky_relu().
template <class T>
class TENON_API BasicLeakyReLU : public BasicModule<T> {
 public:
  explicit BasicLeakyReLU(double negative_slope = 0.01) : negative_slope_(negative_slope) {}

  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  std::string description() const override;

 private:
  double negative_slope_;
};

/// y = x where x > 0, else weight x, with slopes that are learned; see prelu().
template <class T>
class TENON_API BasicPReLU : public BasicModule<T> {
 public:
  /// num_parameters: 1, or the channels of x. Throws ValueError for fewer than 1.
  explicit BasicPReLU(Index num_parameters = 1, double init = 0.25);

  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  void visit(BasicVisitor<T>& v) override;
  std::string description() const override;

  BasicParameter<T> weight;  ///< (num_parameters), each of them init
};

/// y = x where x > 0, else alpha (e^x - 1); see elu().
template <class T>
class TENON_API BasicELU : public BasicModule<T> {
 public:
  explicit BasicELU(double alpha = 1) : alpha_(alpha) {}

  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  std::string description() const override;

 private:
  double alpha_;
};

/// y = 1.0507 elu(x, 1.6733); see selu().
template <class T>
class TENON_API BasicSELU : public BasicModule<T> {
 public:
  BasicTensor<T> forward(const BasicTensor<T>& x) override;
};

/// y = x where x > 0, else alpha (e^(x / alpha) - 1); see celu().
template <class T>
class TENON_API BasicCELU : public BasicModule<T> {
 public:
  explicit BasicCELU(double alpha = 1) : alpha_(alpha) {}

  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  std::string description() const override;

 private:
  double alpha_;
};

/// y = min(max(x, 0), 6); see relu6().
template <class T>
class TENON_API BasicReLU6 : public BasicModule<T> {
 public:
  BasicTensor<T> forward(const BasicTensor<T>& x) override;
};

/// y = min(max(x, min_val), max_val); see hardtanh().
template <class T>
class TENON_API BasicHardtanh : public BasicModule<T> {
 public:
  explicit BasicHardtanh(double min_val = -1, double max_val = 1)
      : min_val_(min_val), max_val_(max_val) {}

  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  std::string description() const override;

 private:
  double min_val_, max_val_;
};

/// y = min(max(x + 3, 0), 6) / 6; see hardsigmoid().
template <class T>
class TENON_API BasicHardsigmoid : public BasicModule<T> {
 public:
  BasicTensor<T> forward(const BasicTensor<T>& x) override;
};

/// y = x hardsigmoid(x); see hardswish().
template <class T>
class TENON_API BasicHardswish : public BasicModule<T> {
 public:
  BasicTensor<T> forward(const BasicTensor<T>& x) override;
};

/// y = ln(1 + e^(beta x)) / beta; see softplus().
template <class T>
class TENON_API BasicSoftplus : public BasicModule<T> {
 public:
  explicit BasicSoftplus(double beta = 1, double threshold = 20)
      : beta_(beta), threshold_(threshold) {}

  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  std::string description() const override;

 private:
  double beta_, threshold_;
};

/// y = x tanh(ln(1 + e^x)); see mish().
template <class T>
class TENON_API BasicMish : public BasicModule<T> {
 public:
  BasicTensor<T> forward(const BasicTensor<T>& x) override;
};

/// y = x / (1 + |x|); see softsign().
template <class T>
class TENON_API BasicSoftsign : public BasicModule<T> {
 public:
  BasicTensor<T> forward(const BasicTensor<T>& x) override;
};

/// y = ln sigmoid(x); see logsigmoid().
template <class T>
class TENON_API BasicLogSigmoid : public BasicModule<T> {
 public:
  BasicTensor<T> forward(const BasicTensor<T>& x) override;
};

extern template class BasicLeakyReLU<float>;
extern template class BasicLeakyReLU<double>;
extern template class BasicPReLU<float>;
extern template class BasicPReLU<double>;
extern template class BasicELU<float>;
extern template class BasicELU<double>;
extern template class BasicSELU<float>;
extern template class BasicSELU<double>;
extern template class BasicCELU<float>;
extern template class BasicCELU<double>;
extern template class BasicReLU6<float>;
extern template class BasicReLU6<double>;
extern template class BasicHardtanh<float>;
extern template class BasicHardtanh<double>;
extern template class BasicHardsigmoid<float>;
extern template class BasicHardsigmoid<double>;
extern template class BasicHardswish<float>;
extern template class BasicHardswish<double>;
extern template class BasicSoftplus<float>;
extern template class BasicSoftplus<double>;
extern template class BasicMish<float>;
extern template class BasicMish<double>;
extern template class BasicSoftsign<float>;
extern template class BasicSoftsign<double>;
extern template class BasicLogSigmoid<float>;
extern template class BasicLogSigmoid<double>;

using LeakyReLU = BasicLeakyReLU<float>;
using PReLU = BasicPReLU<float>;
using ELU = BasicELU<float>;
using SELU = BasicSELU<float>;
using CELU = BasicCELU<float>;
using ReLU6 = BasicReLU6<float>;
using Hardtanh = BasicHardtanh<float>;
using Hardsigmoid = BasicHardsigmoid<float>;
using Hardswish = BasicHardswish<float>;
using Softplus = BasicSoftplus<float>;
using Mish = BasicMish<float>;
using Softsign = BasicSoftsign<float>;
using LogSigmoid = BasicLogSigmoid<float>;

}  // namespace tenon::nn
