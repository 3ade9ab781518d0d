// Initialisations that no layer starts with by itself.

#include <algorithm>
#include <cmath>

#include "tenon/base/error.hpp"
#include "tenon/nn/init.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::nn::init {
namespace {

template <class T>
const Shape& shape_of_rank(const char* op, const BasicTensor<T>& w, int least, int most,
                           const char* wanted) {
  if (w.defined() && w.rank() >= least && w.rank() <= most) return w.shape();
  detail::fail<ShapeError>(op, "the tensor must have shape ", wanted, " but ",
                           w.defined() ? "its shape is " + to_string(w.shape()) : "is undefined",
                           "; hint: it is for weights, not for biases");
}

double normal_cdf(double z) { return std::erfc(-z / std::sqrt(2.0)) / 2; }

/// The z in [low, high], high <= 0, whose normal_cdf is p: Newton's method, kept between bounds
/// that close in on it.
double inverse_normal_cdf(double p, double low, double high) {
  const double pi = std::acos(-1.0);
  double z = (low + high) / 2;
  for (int i = 0; i < 60; ++i) {
    const double error = normal_cdf(z) - p;
    (error > 0 ? high : low) = z;
    const double newton = z - error * std::sqrt(2 * pi) * std::exp(z * z / 2);
    const double next = newton > low && newton < high ? newton : (low + high) / 2;
    if (std::abs(next - z) <= 1e-15 * std::abs(z)) break;
    z = next;
  }
  return z;
}

/// The z in [low, high] below which the share u of that part of the normal distribution lies. Right
/// of 0 the distribution is mirrored, for there the numbers of normal_cdf are too close to 1.
double truncated_normal(double u, double low, double high) {
  const double below = normal_cdf(std::min(low, 0.0));
  if (low >= 0) return -truncated_normal(1 - u, -high, -low);
  if (high <= 0) return inverse_normal_cdf(below + u * (normal_cdf(high) - below), low, high);
  const double left = 0.5 - below, right = 0.5 - normal_cdf(-high);
  const double part = u * (left + right);
  if (part <= left) return inverse_normal_cdf(below + part, low, 0);
  return -inverse_normal_cdf(0.5 - (part - left), -high, 0);
}

}  // namespace

template <class T>
void zeros_(BasicTensor<T>& w) {
  constant_(w, 0);
}

template <class T>
void ones_(BasicTensor<T>& w) {
  constant_(w, 1);
}

template <class T>
void eye_(BasicTensor<T>& w) {
  const Shape& shape = shape_of_rank("eye_", w, 2, 2, "(O, D)");
  const Index n = std::max(shape[0], shape[1]);
  w.copy_(eye<T>(n).narrow(0, 0, shape[0]).narrow(1, 0, shape[1]));
}

template <class T>
void dirac_(BasicTensor<T>& w, Index groups) {
  const Shape& shape =
      shape_of_rank("dirac_", w, 3, 5, "(O, C, K), (O, C, KH, KW) or (O, C, KD, KH, KW)");
  if (groups < 1 || shape[0] % groups != 0) {
    detail::fail<ValueError>("dirac_", "groups must divide the ", shape[0], " outputs but is ",
                             groups, "; hint: give the groups of the convolution");
  }
  auto values = zeros<T>(shape);
  const Index outputs = shape[0] / groups;
  for (Index o = 0; o < shape[0]; ++o) {
    if (o % outputs >= shape[1]) continue;
    BasicTensor<T> kernel = values[o][o % outputs];
    while (kernel.rank() > 0) kernel = kernel[kernel.size(0) / 2];
    kernel.fill_(T(1));
  }
  w.copy_(values);
}

template <class T>
void trunc_normal_(BasicTensor<T>& w, const TruncNormalOptions& options) {
  if (!(options.std > 0) || !(options.a <= options.b)) {
    detail::fail<ValueError>("trunc_normal_",
                             "std must be more than 0 and a at most b, but std is ", options.std,
                             ", a ", options.a, " and b ", options.b,
                             "; hint: a and b are values, not multiples of std");
  }
  if (!w.defined()) return constant_(w, 0);  // throws
  // Farther out normal_cdf is 0 in double.
  const auto units = [&](double x) {
    return std::clamp((x - options.mean) / options.std, -38.0, 38.0);
  };
  const double low = units(options.a), high = units(options.b);
  const DoubleTensor u = uniform<double>(w.shape());
  auto values = BasicTensor<T>::empty(w.shape());
  for (Index i = 0; i < values.numel(); ++i) {
    const double x = options.mean + options.std * truncated_normal(u.data()[i], low, high);
    values.data()[i] = static_cast<T>(std::clamp(x, options.a, options.b));
  }
  w.copy_(values);
}

template <class T>
void sparse_(BasicTensor<T>& w, double sparsity, double std) {
  const Shape& shape = shape_of_rank("sparse_", w, 2, 2, "(O, D)");
  if (!(sparsity >= 0 && sparsity <= 1)) {
    detail::fail<ValueError>("sparse_", "sparsity must be in [0, 1] but is ", sparsity,
                             "; hint: it is the share of zeros in each column");
  }
  auto values = normal<T>(shape, 0, std);
  const auto zeros_each = static_cast<Index>(std::ceil(sparsity * static_cast<double>(shape[0])));
  for (Index column = 0; column < shape[1]; ++column) {
    const LongTensor rows = randperm(shape[0]);
    for (Index i = 0; i < zeros_each; ++i) values(rows(i), column) = T(0);
  }
  w.copy_(values);
}

#define TENON_INSTANTIATE(T)                                               \
  template void zeros_(BasicTensor<T>&);                                   \
  template void ones_(BasicTensor<T>&);                                    \
  template void eye_(BasicTensor<T>&);                                     \
  template void dirac_(BasicTensor<T>&, Index);                            \
  template void trunc_normal_(BasicTensor<T>&, const TruncNormalOptions&); \
  template void sparse_(BasicTensor<T>&, double, double);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::nn::init
