#pragma once

#include "tenon/nn/buffer.hpp"
#include "tenon/nn/module.hpp"

namespace tenon::nn {

struct GroupNormOptions {
  double eps = 1e-5;   ///< added to the variance
  bool affine = true;  ///< whether there are weight and bias
};

/// Normalisation of groups of channels, (N, num_channels, ...); see group_norm(). As
/// torch.nn.GroupNorm.
template <class T>
class TENON_API BasicGroupNorm : public BasicModule<T> {
 public:
  /// num_groups >= 1 divides num_channels >= 1. Throws ValueError.
  BasicGroupNorm(Index num_groups, Index num_channels, const GroupNormOptions& options = {});

  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  void visit(BasicVisitor<T>& v) override;
  std::string description() const override;
  ExpectedInput expected_input() const override;

  BasicParameter<T> weight;  ///< (num_channels), starts at 1; undefined unless affine
  BasicParameter<T> bias;    ///< (num_channels), starts at 0; undefined unless affine

 private:
  Index num_groups_, num_channels_;
  GroupNormOptions options_;
};

struct InstanceNormOptions {
  double eps = 1e-5;                 ///< added to the variance
  double momentum = 0.1;             ///< weight of a batch in the running statistics
  bool affine = false;               ///< whether there are weight and bias
  bool track_running_stats = false;  ///< true: evaluation uses running statistics
};

/// What InstanceNorm1d and InstanceNorm2d share; see instance_norm().
template <class T>
class TENON_API BasicInstanceNorm : public BasicModule<T> {
 public:
  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  void visit(BasicVisitor<T>& v) override;
  std::string description() const override;
  ExpectedInput expected_input() const override;

  BasicParameter<T> weight;        ///< (num_features), starts at 1; undefined unless affine
  BasicParameter<T> bias;          ///< (num_features), starts at 0; undefined unless affine
  BasicBuffer<T> running_mean;     ///< (num_features); undefined unless tracked
  BasicBuffer<T> running_var;      ///< (num_features), unbiased; undefined unless tracked
  LongBuffer num_batches_tracked;  ///< of rank 0; undefined unless tracked. Stays 0, as PyTorch's

 protected:
  BasicInstanceNorm(const char* name, const char* axes, Index num_features,
                    const InstanceNormOptions& options);

 private:
  const char* axes_;
  Index num_features_;
  InstanceNormOptions options_;
};

/// Of sequences (N, C, L), C = num_features. As torch.nn.InstanceNorm1d.
template <class T>
class BasicInstanceNorm1d : public BasicInstanceNorm<T> {
 public:
  /// num_features >= 1. Throws ValueError.
  explicit BasicInstanceNorm1d(Index num_features, const InstanceNormOptions& options = {})
      : BasicInstanceNorm<T>("InstanceNorm1d", "NCL", num_features, options) {}
};

/// Of images (N, C, H, W), C = num_features. As torch.nn.InstanceNorm2d.
template <class T>
class BasicInstanceNorm2d : public BasicInstanceNorm<T> {
 public:
  /// num_features >= 1. Throws ValueError.
  explicit BasicInstanceNorm2d(Index num_features, const InstanceNormOptions& options = {})
      : BasicInstanceNorm<T>("InstanceNorm2d", "NCHW", num_features, options) {}
};

extern template class BasicGroupNorm<float>;
extern template class BasicGroupNorm<double>;
extern template class BasicInstanceNorm<float>;
extern template class BasicInstanceNorm<double>;

using GroupNorm = BasicGroupNorm<float>;
using InstanceNorm1d = BasicInstanceNorm1d<float>;
using InstanceNorm2d = BasicInstanceNorm2d<float>;

}  // namespace tenon::nn
