#include "tenon/nn/group_norm.hpp"

#include <string_view>

#include "norm_layers.hpp"
#include "tenon/base/error.hpp"
#include "tenon/ops/group_norm.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::nn {

template <class T>
BasicGroupNorm<T>::BasicGroupNorm(Index num_groups, Index num_channels,
                                  const GroupNormOptions& options)
    : num_groups_(num_groups), num_channels_(num_channels), options_(options) {
  if (num_groups < 1 || num_channels < 1 || num_channels % num_groups != 0) {
    detail::fail<ValueError>("GroupNorm", "num_groups = ", num_groups,
                             " must divide num_channels = ", num_channels,
                             "; hint: nn::GroupNorm(num_groups, num_channels)");
  }
  detail::check_eps("GroupNorm", options.eps);
  if (!options.affine) return;
  weight = ones<T>({num_channels});
  bias = zeros<T>({num_channels});
}

template <class T>
BasicTensor<T> BasicGroupNorm<T>::forward(const BasicTensor<T>& x) {
  detail::check_not_moved_from(*this, options_.affine, weight.defined());
  if (x.defined() && x.rank() >= 2 && x.size(1) != num_channels_) {
    detail::fail<ShapeError>("GroupNorm", "the layer was made for ", num_channels_,
                             " channels but x ", x.shape(), " has ", x.size(1),
                             "; hint: num_channels must be that of the layer before");
  }
  return tenon::group_norm<T>(x, num_groups_, weight, bias, options_.eps);
}

template <class T>
void BasicGroupNorm<T>::visit(BasicVisitor<T>& v) {
  if (weight.defined()) v("weight", weight);
  if (bias.defined()) v("bias", bias);
}

template <class T>
ExpectedInput BasicGroupNorm<T>::expected_input() const {
  return {"", 1, num_channels_, "channels", "num_channels"};
}

template <class T>
std::string BasicGroupNorm<T>::description() const {
  std::string text = "GroupNorm(" + std::to_string(num_groups_) + ", ";
  text += std::to_string(num_channels_);
  if (options_.eps != GroupNormOptions().eps) text += ", eps " + detail::to_text(options_.eps);
  return text + (options_.affine ? ")" : ", affine=false)");
}

template <class T>
BasicInstanceNorm<T>::BasicInstanceNorm(const char* name, const char* axes, Index num_features,
                                        const InstanceNormOptions& options)
    : axes_(axes), num_features_(num_features), options_(options) {
  if (num_features < 1) {
    detail::fail<ValueError>(name, "num_features must be at least 1, not ", num_features,
                             "; hint: it is the number of channels of the layer before");
  }
  detail::check_eps(name, options.eps);
  if (!(options.momentum >= 0 && options.momentum <= 1)) {
    detail::fail<ValueError>(name, "momentum must lie in [0, 1], not ", options.momentum,
                             "; hint: it is the weight of a batch in the running statistics");
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
BasicTensor<T> BasicInstanceNorm<T>::forward(const BasicTensor<T>& x) {
  detail::check_not_moved_from(*this, options_.affine, weight.defined());
  const std::string_view axes(axes_);
  if (x.defined() && (x.rank() != static_cast<int>(axes.size()) || x.size(1) != num_features_)) {
    detail::fail<ShapeError>(this->name(), "x must have the axes ", axes, " and ", num_features_,
                             " channels but its shape is ", x.shape(),
                             "; hint: x.unsqueeze(0) makes a batch of one, and num_features must "
                             "be the number of channels of the layer before");
  }
  return tenon::instance_norm<T>(x, running_mean, running_var, weight, bias,
                                 {.use_input_stats = this->is_training() || !running_mean.defined(),
                                  .momentum = options_.momentum,
                                  .eps = options_.eps});
}

template <class T>
void BasicInstanceNorm<T>::visit(BasicVisitor<T>& v) {
  if (weight.defined()) v("weight", weight);
  if (bias.defined()) v("bias", bias);
  if (running_mean.defined()) v.buffer("running_mean", running_mean);
  if (running_var.defined()) v.buffer("running_var", running_var);
  if (num_batches_tracked.defined()) v.buffer("num_batches_tracked", num_batches_tracked);
}

template <class T>
ExpectedInput BasicInstanceNorm<T>::expected_input() const {
  return {axes_, 1, num_features_, "channels", "num_features"};
}

template <class T>
std::string BasicInstanceNorm<T>::description() const {
  std::string text = this->name() + "(" + std::to_string(num_features_);
  if (options_.eps != InstanceNormOptions().eps) text += ", eps " + detail::to_text(options_.eps);
  if (options_.affine) text += ", affine=true";
  if (options_.track_running_stats) text += ", track_running_stats=true";
  return text + ")";
}

#define TENON_INSTANTIATE(T)        \
  template class BasicGroupNorm<T>; \
  template class BasicInstanceNorm<T>;
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::nn
