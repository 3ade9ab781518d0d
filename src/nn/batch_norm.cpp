#include "tenon/nn/batch_norm.hpp"

#include "norm_layers.hpp"
#include "tenon/base/error.hpp"
#include "tenon/ops/batch_norm.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::nn {

template <class T>
BasicBatchNorm<T>::BasicBatchNorm(const char* name, Index num_features,
                                  const BatchNormOptions& options)
    : num_features_(num_features), options_(options) {
  if (num_features < 1) {
    detail::fail<ValueError>(name, "num_features must be at least 1, not ", num_features,
                             "; hint: it is the number of channels of the layer before");
  }
  detail::check_eps(name, options.eps);
  if (options.momentum && !(*options.momentum >= 0 && *options.momentum <= 1)) {
    detail::fail<ValueError>(name, "momentum must lie in [0, 1], not ", *options.momentum,
                             "; hint: it is the weight of a batch in the running statistics; "
                             "std::nullopt averages all batches");
  }
  if (options.affine) {
    weight = ones<T>({num_features});
    bias = zeros<T>({num_features});
  }
  if (options.track_running_stats) {
    running_mean = zeros<T>({num_features});
    running_var = ones<T>({num_features});
    num_batches_tracked = zeros<std::int64_t>({});
  }
}

template <class T>
BasicTensor<T> BasicBatchNorm<T>::forward(const BasicTensor<T>& x) {
  detail::check_not_moved_from(*this, options_.affine, weight.defined());
  if (x.defined()) {
    check_rank(x.shape());
    if (x.shape()[1] != num_features_) {
      detail::fail<ShapeError>(this->name(), "the layer was made for ", num_features_,
                               " channels but x ", to_string(x.shape(), "NCHW"), " has ",
                               x.shape()[1],
                               "; hint: num_features must be the number of channels "
                               "of the layer before");
    }
  }
  const bool tracks = this->is_training() && num_batches_tracked.defined();
  const std::int64_t batches = tracks ? num_batches_tracked.item() + 1 : 1;
  tenon::BatchNormOptions options{.training = this->is_training() || !running_mean.defined(),
                                  .eps = options_.eps};
  options.momentum = options_.momentum.value_or(1 / static_cast<double>(batches));
  const auto y = batch_norm<T>(x, running_mean, running_var, weight, bias, options);
  if (tracks) num_batches_tracked.fill_(batches);
  return y;
}

template <class T>
void BasicBatchNorm<T>::visit(BasicVisitor<T>& v) {
  if (weight.defined()) v("weight", weight);
  if (bias.defined()) v("bias", bias);
  if (running_mean.defined()) v.buffer("running_mean", running_mean);
  if (running_var.defined()) v.buffer("running_var", running_var);
  if (num_batches_tracked.defined()) v.buffer("num_batches_tracked", num_batches_tracked);
}

template <class T>
ExpectedInput BasicBatchNorm<T>::expected_input() const {
  return {"", 1, num_features_, "channels", "num_features"};
}

template <class T>
std::string BasicBatchNorm<T>::description() const {
  const BatchNormOptions usual;
  std::string text = this->name() + "(" + std::to_string(num_features_);
  if (options_.eps != usual.eps) text += ", eps " + detail::to_text(options_.eps);
  if (options_.momentum != usual.momentum) {
    text += ", momentum " + (options_.momentum ? detail::to_text(*options_.momentum) : "none");
  }
  if (!options_.affine) text += ", affine=false";
  if (!options_.track_running_stats) text += ", track_running_stats=false";
  return text + ")";
}

template <class T>
void BasicBatchNorm1d<T>::check_rank(const Shape& x) const {
  if (x.rank() == 2 || x.rank() == 3) return;
  detail::fail<ShapeError>(this->name(), "x must be (N, C) or (N, C, L) but its shape is ", x,
                           x.rank() == 4 ? "; hint: BatchNorm2d normalises images"
                                         : "; hint: x.unsqueeze(0) makes a batch of one");
}

template <class T>
void BasicBatchNorm2d<T>::check_rank(const Shape& x) const {
  if (x.rank() == 4) return;
  detail::fail<ShapeError>(this->name(), "x must be (N, C, H, W) but its shape is ", x,
                           x.rank() == 2
                               ? "; hint: BatchNorm1d normalises features, as behind Flatten"
                               : "; hint: x.unsqueeze(0) makes a batch of one image");
}

template class BasicBatchNorm<float>;
template class BasicBatchNorm<double>;
template class BasicBatchNorm1d<float>;
template class BasicBatchNorm1d<double>;
template class BasicBatchNorm2d<float>;
template class BasicBatchNorm2d<double>;

}  // namespace tenon::nn
