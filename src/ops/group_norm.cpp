#include "tenon/ops/group_norm.hpp"

#include "ops/window.hpp"
#include "tenon/autograd/tape.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/avg_pool2d.hpp"
#include "tenon/ops/batch_norm.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/layer_norm.hpp"
#include "tenon/ops/pad.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/tensor/factories.hpp"
#include "tensor/checks.hpp"

namespace tenon {
namespace detail {
namespace {

void check_rank(const char* op, const Shape& x, int least) {
  if (x.rank() >= least) return;
  fail<ShapeError>(op, "x must have at least ", least, " axes (N, C, ...) but its shape is ", x,
                   "; hint: x.unsqueeze(0) makes a batch of one");
}

void check_channels(const char* op, const char* name, const TensorImpl* p, const Shape& x) {
  if (p == nullptr || p->shape == Shape{x[1]}) return;
  fail<ShapeError>(op, name, " must have shape (C=", x[1], ") but has ", p->shape, ": x ", x,
                   "; hint: it holds one number for each channel, the second axis of x");
}

void check_eps(const char* op, double eps) {
  if (eps >= 0) return;
  fail<ValueError>(op, "eps must be at least 0 but is ", eps,
                   "; hint: it keeps the division from one by 0; 1e-5 is usual");
}

/// w h + b by channels: batch_norm with a mean of 0 and a variance of 1 computes that, and all its
/// gradients, in one pass each.
template <class T>
BasicTensor<T> scale_and_shift(const BasicTensor<T>& h, const BasicTensor<T>& w,
                               const BasicTensor<T>& b) {
  if (!w.defined() && !b.defined()) return h;
  const Shape channels{h.shape()[1]};
  return batch_norm<T>(h, zeros<T>(channels), ones<T>(channels), w, b, {.eps = 0});
}

/// x with its first two axes made one, the batch's of one sample: then channels are instances.
template <class T>
BasicTensor<T> instances(const BasicTensor<T>& x) {
  const Shape& s = x.shape();
  return x.reshape({1, s[0] * s[1], s[0] * s[1] == 0 ? 0 : x.numel() / (s[0] * s[1])});
}

/// A copy of p for each sample, (N C).
template <class T>
BasicTensor<T> for_samples(const BasicTensor<T>& p, Index n) {
  return p.defined() ? p.unsqueeze(0).expand({n, p.numel()}).clone().flatten() : p;
}

}  // namespace
}  // namespace detail

template <std::floating_point T>
BasicTensor<T> group_norm(const BasicTensor<T>& x, Index groups, const BasicTensor<T>& w,
                          const BasicTensor<T>& b, double eps) {
  using namespace detail;
  constexpr const char* op = "group_norm";
  const Shape& shape = defined(op, x.impl()).shape;
  check_rank(op, shape, 2);
  if (groups < 1 || shape[1] % groups != 0) {
    fail<ValueError>(op, "groups = ", groups, " must divide the channels C = ", shape[1],
                     "; hint: 1 takes all channels of a sample together, C each by itself");
  }
  check_channels(op, "weight", w.impl(), shape);
  check_channels(op, "bias", b.impl(), shape);
  check_eps(op, eps);
  if (x.numel() == 0) return scale_and_shift(x, w, b);
  const Index size = x.numel() / (shape[0] * groups);
  const auto h = layer_norm<T>(x.reshape({shape[0], groups, size}), {size}, {}, {}, eps);
  return scale_and_shift(h.reshape(shape), w, b);
}

template <std::floating_point T>
BasicTensor<T> instance_norm(const BasicTensor<T>& x, BasicTensor<T> running_mean,
                             BasicTensor<T> running_var, const BasicTensor<T>& w,
                             const BasicTensor<T>& b, const InstanceNormOptions& options) {
  using namespace detail;
  constexpr const char* op = "instance_norm";
  const Shape& shape = defined(op, x.impl()).shape;
  const auto [use_input_stats, momentum, eps] = options;
  check_rank(op, shape, 3);
  check_channels(op, "running_mean", running_mean.impl(), shape);
  check_channels(op, "running_var", running_var.impl(), shape);
  check_channels(op, "weight", w.impl(), shape);
  check_channels(op, "bias", b.impl(), shape);
  check_eps(op, eps);
  if (!use_input_stats) {
    return batch_norm<T>(x, running_mean, running_var, w, b, {.momentum = momentum, .eps = eps});
  }
  const Index n = shape[0];
  if (n * shape[1] > 0 && x.numel() == n * shape[1]) {
    fail<ValueError>(op, "each channel of a sample must have more than one element: x ", shape,
                     "; hint: normalising one number makes 0 of it; group_norm takes several "
                     "channels together");
  }
  if (x.numel() == 0) return scale_and_shift(x, w, b);
  auto means = for_samples(running_mean, n), variances = for_samples(running_var, n);
  const auto h = batch_norm<T>(instances(x), means, variances, {}, {},
                               {.training = true, .momentum = momentum, .eps = eps});
  if (running_mean.defined()) {
    const NoTape constants;
    running_mean.copy_(mean(means.reshape({n, shape[1]}), 0));
    running_var.copy_(mean(variances.reshape({n, shape[1]}), 0));
  }
  return scale_and_shift(h.reshape(shape), w, b);
}

template <std::floating_point T>
BasicTensor<T> local_response_norm(const BasicTensor<T>& x, Index size,
                                   const LocalResponseNormOptions& options) {
  using namespace detail;
  constexpr const char* op = "local_response_norm";
  const Shape& shape = defined(op, x.impl()).shape;
  check_rank(op, shape, 3);
  if (size < 1 || size > max_window_option) {
    fail<ValueError>(op, "size must be at least 1 but is ", size,
                     "; hint: it is the number of neighbouring channels, 5 for two on either side");
  }
  if (x.numel() == 0) return x;
  const Index inner = x.numel() / (shape[0] * shape[1]);
  const auto squares = square(x).reshape({shape[0], 1, shape[1], inner});
  const auto padded = pad(squares, {{size / 2, (size - 1) / 2}, 0});
  const auto means = avg_pool2d(padded, {size, 1}, {.stride = 1}).reshape(shape);
  return x / pow(means * options.alpha + options.k, options.beta);
}

#define TENON_INSTANTIATE(T)                                                               \
  template TENON_API BasicTensor<T> group_norm(                                            \
      const BasicTensor<T>&, Index, const BasicTensor<T>&, const BasicTensor<T>&, double); \
  template TENON_API BasicTensor<T> instance_norm(                                         \
      const BasicTensor<T>&, BasicTensor<T>, BasicTensor<T>, const BasicTensor<T>&,        \
      const BasicTensor<T>&, const InstanceNormOptions&);                                  \
  template TENON_API BasicTensor<T> local_response_norm(const BasicTensor<T>&, Index,      \
                                                        const LocalResponseNormOptions&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
