#include "tenon/ops/batch_norm.hpp"

#include <string>

#include "ops/norm_rules.hpp"
#include "tenon/base/error.hpp"
#include "tenon/kernels/batch_norm.hpp"

namespace tenon {
namespace detail {
namespace {

/// "(N=2, C=3, H=4, W=4)"
std::string text_of(const Shape& x) { return to_string(x, x.rank() == 3 ? "NCL" : "NCHW"); }

void check_channels(const char* name, const TensorImpl* p, const Shape& x) {
  if (p == nullptr || p->shape == Shape{x[1]}) [[likely]]
    return;
  fail<ShapeError>("batch_norm", name, " must have shape (C=", x[1], ") but has ", p->shape, ": x ",
                   text_of(x),
                   "; hint: it holds one number for each channel, and channels are "
                   "the second axis of x");
}

void check_options(const BatchNormOptions& options) {
  if (!(options.eps >= 0)) {
    fail<ValueError>("batch_norm", "eps must be at least 0 but is ", options.eps,
                     "; hint: it keeps the division from one by 0; 1e-5 is usual");
  }
  if (!(options.momentum >= 0 && options.momentum <= 1)) {
    fail<ValueError>("batch_norm", "momentum must lie in [0, 1] but is ", options.momentum,
                     "; hint: it is the weight of this batch in the running statistics, 0.1 for a "
                     "tenth");
  }
}

void check_statistics(const Shape& x, bool has_mean, bool has_var, bool training) {
  if (has_mean != has_var) {
    fail<ValueError>("batch_norm",
                     "running_mean and running_var must both be given, or neither; "
                     "hint: zeros({C}) and ones({C}) are what they start with");
  }
  if (!training && !has_mean) {
    fail<ValueError>("batch_norm",
                     "without running statistics there is nothing to normalise by; "
                     "hint: give running_mean and running_var, or set .training = "
                     "true to use those of x");
  }
  if (training && x[1] > 0 && x.numel() == x[1]) {
    fail<ValueError>("batch_norm", "training needs more than one value a channel, but x ",
                     text_of(x),
                     " has one, whose variance is 0; hint: take a larger batch "
                     "(.drop_last = true where the last one of a loader is smaller), "
                     "or eval() for inference");
  }
}

kernels::BatchNormDims checked_dims(const Shape& x, const BatchNormOptions& options) {
  if (x.rank() < 2) {
    fail<ShapeError>("batch_norm", "x must have at least 2 axes (N, C, ...) but its shape is ", x,
                     "; hint: x.unsqueeze(0) makes a batch of one");
  }
  check_options(options);
  Index inner = 1;
  for (int i = 2; i < x.rank(); ++i) inner *= x[i];
  return {x[0], x[1], inner, options.eps};
}

/// running = (1 - momentum) running + momentum scale batch
template <class T>
void track(BasicTensor<T>& running, const DoubleTensor& batch, double momentum, double scale) {
  const NoTape constants;
  const auto before = running.contiguous();
  auto after = BasicTensor<T>::empty(running.shape());
  for (Index i = 0; i < batch.numel(); ++i) {
    after.data()[i] = static_cast<T>((1 - momentum) * static_cast<double>(before.data()[i]) +
                                     momentum * (batch.data()[i] * scale));
  }
  running.copy_(after);
}

/// All axes but the second.
Shape axes_of_channels(int rank) {
  Shape axes{0};
  for (int i = 2; i < rank; ++i) axes.push_back(i);
  return axes;
}

/// (C, 1, ...), as which numbers for each channel broadcast to x.
template <class T>
BasicTensor<T> for_channels(const BasicTensor<T>& p, int rank) {
  Shape shape = Shape::filled(rank - 1, 1);
  shape[0] = p.numel();
  return p.reshape(shape);
}

/// The gradients made of operations.
template <class T>
void add_recorded_gradients(Sweep<T>& sweep, bool of_batch, double eps, const BasicTensor<T>& x,
                            const BasicTensor<T>& w, const DoubleTensor& mean,
                            const DoubleTensor& variance) {
  const Shape axes = axes_of_channels(x.rank());
  const auto channels = [&](const auto& p) { return for_channels(p, x.rank()); };
  Normalised<T> n;
  if (of_batch) {
    n = normalised(x, axes, eps, true);
  } else {
    n.rstd = channels(1 / sqrt(variance + eps)).template to<T>();
    n.h = (x - channels(mean).template to<T>()) * n.rstd;
  }
  if (sweep.needs(0)) {
    const auto g = w.defined() ? sweep.dy() * channels(w) : sweep.dy();
    sweep.add(0, of_batch ? normalised_backward(n, g, axes, true) : g * n.rstd);
  }
  add_parameter_gradients(sweep, n.h, channels(mean).shape());
}

}  // namespace
}  // namespace detail

template <std::floating_point T>
BasicTensor<T> batch_norm(const BasicTensor<T>& x_any, BasicTensor<T> running_mean,
                          BasicTensor<T> running_var, const BasicTensor<T>& w_any,
                          const BasicTensor<T>& b_any, const BatchNormOptions& options) {
  using namespace detail;
  const OpScope scope("batch_norm");
  const Shape& shape = defined("batch_norm", x_any.impl()).shape;
  const auto dims = checked_dims(shape, options);
  check_channels("running_mean", running_mean.impl(), shape);
  check_channels("running_var", running_var.impl(), shape);
  check_channels("weight", w_any.impl(), shape);
  check_channels("bias", b_any.impl(), shape);
  const bool training = options.training;
  check_statistics(shape, running_mean.defined(), running_var.defined(), training);

  const auto x = x_any.contiguous();
  const auto w = contiguous_or_undefined(w_any), b = contiguous_or_undefined(b_any);
  auto y = BasicTensor<T>::empty(shape);
  DoubleTensor mean, variance;
  if (training) {
    mean = DoubleTensor::empty({dims.c});
    variance = DoubleTensor::empty({dims.c});
    kernels::batch_norm_training(dims, x.data(), data_or_null(w), data_or_null(b), y.data(),
                                 mean.data(), variance.data());
    if (running_mean.defined() && x.numel() > 0) {
      const double count = static_cast<double>(dims.n * dims.inner);
      track(running_mean, mean, options.momentum, 1);
      track(running_var, variance, options.momentum, count / (count - 1));
    }
  } else {
    mean = running_mean.template to<double>();
    variance = running_var.template to<double>();
    kernels::batch_norm_inference(dims, x.data(), data_or_null(w), data_or_null(b), mean.data(),
                                  variance.data(), y.data());
  }
  if (Recording recording{"batch_norm", x, w, b}) {
    recording.describe({"training", {training}});
    recording.rule(y, [dims, training, x = saved_if(recording.needs(0) || recording.needs(1), x),
                       w = saved_if(recording.needs(0), w), mean = Saved(mean),
                       variance = Saved(variance)](Sweep<T>& sweep) {
      if (!x->defined()) {
        const Shape channels = for_channels(*mean, sweep.dy().rank()).shape();
        return sweep.add(2, sum_to(sweep.dy(), channels).reshape(sweep.shape(2)));
      }
      if (is_differentiated_again("batch_norm_backward", sweep.dy(), *x, *w)) {
        return add_recorded_gradients(sweep, training, dims.eps, *x, *w, *mean, *variance);
      }
      const auto dy = sweep.dy().contiguous();
      NormGradients<T> g(sweep);
      kernels::batch_norm_backward(dims, training, dy.data(), x->data(), data_or_null(*w),
                                   mean->data(), variance->data(), data_or_null(g.dx),
                                   data_or_null(g.dw), data_or_null(g.db));
      g.add_to(sweep);
    });
  }
  return y;
}

#define TENON_INSTANTIATE(T)                                                          \
  template TENON_API BasicTensor<T> batch_norm(const BasicTensor<T>&, BasicTensor<T>, \
                                               BasicTensor<T>, const BasicTensor<T>&, \
                                               const BasicTensor<T>&, const BatchNormOptions&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
