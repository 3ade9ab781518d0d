#pragma once

#include "tenon/nn/module.hpp"
#include "tenon/tensor/tensor.hpp"

/// Initialisations, with PyTorch's names: each writes w in place, with numbers from this thread's
/// default generator. A weight (O, C, KH, KW), or (O, D), has fan_in = C KH KW and
/// fan_out = O KH KW. The layers' constructors initialise as PyTorch does.
namespace tenon::nn::init {

/// Which fan sets the scale: `in` keeps the variance of the values, `out` that of the gradients.
enum class Fan { in, out };

/// gain = sqrt(2 / (1 + a^2)), a the slope of the (leaky) ReLU that follows.
struct KaimingOptions {
  double a = 0;
  Fan fan = Fan::in;
};

template <class T>
TENON_API void uniform_(BasicTensor<T>& w, double low = 0, double high = 1);
template <class T>
TENON_API void normal_(BasicTensor<T>& w, double mean = 0, double stddev = 1);
template <class T>
TENON_API void constant_(BasicTensor<T>& w, double value);

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
