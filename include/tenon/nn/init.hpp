#pragma once

#include "tenon/nn/module.hpp"
#include "tenon/tensor/tensor.hpp"

/// Initialisations, with PyTorch's names: each writes w in place, with numbers from this thread's
/// default generator. A weight (O, C, KH, KW), or (O, D), has fan_in = C KH KW and
/// fan_out = O KH KW. The layers' constructors initialise as PyTorch does.
namespace tenon::nn::init {

/// Which fan sets the scale: `in` keeps the variance of the values, `out` that of the gradients.
enum class Fan { in, out };

/// What follows a weight.
enum class Nonlinearity { linear, sigmoid, tanh, relu, leaky_relu, selu };

/// By how much a weight must be larger for the nonlinearity behind it: linear and sigmoid 1, tanh
/// 5/3, relu sqrt(2), leaky_relu sqrt(2 / (1 + slope^2)), selu 3/4. slope: of leaky_relu below 0.
/// As torch.nn.init.calculate_gain.
TENON_API double calculate_gain(Nonlinearity nonlinearity, double slope = 0.01);

/// gain = calculate_gain(nonlinearity, a)
struct KaimingOptions {
  double a = 0;  ///< the slope of leaky_relu below 0; 0 is a ReLU
  Fan fan = Fan::in;
  Nonlinearity nonlinearity = Nonlinearity::leaky_relu;
};

template <class T>
TENON_API void uniform_(BasicTensor<T>& w, double low = 0, double high = 1);
template <class T>
TENON_API void normal_(BasicTensor<T>& w, double mean = 0, double stddev = 1);
template <class T>
TENON_API void constant_(BasicTensor<T>& w, double value);

template <class T>
TENON_API void zeros_(BasicTensor<T>& w);
template <class T>
TENON_API void ones_(BasicTensor<T>& w);
/// The identity matrix, cut off where w (O, D) is not square. Throws ShapeError for other ranks.
template <class T>
TENON_API void eye_(BasicTensor<T>& w);
/// The kernels (O, C/groups, K...) of a convolution of 1 to 3 axes that hands its input on: in each
/// group, output i is input i while there are inputs, 0 behind them. Throws ShapeError for another
/// rank, ValueError where groups do not divide O.
template <class T>
TENON_API void dirac_(BasicTensor<T>& w, Index groups = 1);

struct TruncNormalOptions {
  double mean = 0;
  double std = 1;  ///< > 0
  double a = -2;   ///< the bounds, not in units of std; a <= b
  double b = 2;
};

/// Normal among the values in [a, b]. Throws ValueError for options out of their range. As
/// torch.nn.init.trunc_normal_.
template <class T>
TENON_API void trunc_normal_(BasicTensor<T>& w, const TruncNormalOptions& options = {});

/// Normal with the given standard deviation, but in each column of w (O, D) ceil(sparsity O)
/// elements are 0. sparsity in [0, 1]. Throws ShapeError, ValueError.
/// Source: Martens, "Deep learning via Hessian-free optimization", ICML 2010.
template <class T>
TENON_API void sparse_(BasicTensor<T>& w, double sparsity, double std = 0.01);

/// Uniform in +-gain sqrt(6 / (fan_in + fan_out)). Throws ShapeError for less than two axes.
/// Source: Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural
/// networks", AISTATS 2010.
template <class T>
TENON_API void xavier_uniform_(BasicTensor<T>& w, double gain = 1);
/// Normal with standard deviation gain sqrt(2 / (fan_in + fan_out)). Throws ShapeError.
template <class T>
TENON_API void xavier_normal_(BasicTensor<T>& w, double gain = 1);

/// Uniform in +-gain sqrt(3 / fan). Throws ShapeError for less than two axes.
/// Source: He et al., "Delving deep into rectifiers", ICCV 2015.
template <class T>
TENON_API void kaiming_uniform_(BasicTensor<T>& w, const KaimingOptions& options = {});
/// Normal with standard deviation gain / sqrt(fan). Throws ShapeError.
template <class T>
TENON_API void kaiming_normal_(BasicTensor<T>& w, const KaimingOptions& options = {});

/// w as a matrix (O, all other axes): its columns, or its rows if these are fewer, orthonormal,
/// times gain; uniform among all such matrices. Throws ShapeError for less than two axes.
/// Source: Saxe et al., "Exact solutions to the nonlinear dynamics of learning in deep linear
/// neural networks", ICLR 2014.
template <class T>
TENON_API void orthogonal_(BasicTensor<T>& w, double gain = 1);

/// Starts a net as Keras does: weights of Linear, Conv2d and ConvTranspose2d, and recurrent layers'
/// weights of their inputs, by xavier_uniform_, recurrent weights by orthogonal_, biases 0 but for
/// an LSTM's forget gates, where they are 1, tables of Embedding uniform in +-0.05 (the row of
/// padding_idx 0); in the order of visit(). Parameters of other modules keep their values.
template <class T>
TENON_API void keras(BasicModule<T>& net);

}  // namespace tenon::nn::init
