#pragma once

#include <optional>
#include <string>

#include "tenon/nn/buffer.hpp"
#include "tenon/nn/module.hpp"

namespace tenon::nn {

struct BatchNormOptions {
  double eps = 1e-5;                     ///< added to the variance
  std::optional<double> momentum = 0.1;  ///< weight of a batch in the running statistics; absent:
                                         ///< their plain average over all batches
  bool affine = true;                    ///< whether there are weight and bias
  bool track_running_stats = true;       ///< false: statistics of the batch in evaluation, too
};

/// What BatchNorm1d and BatchNorm2d share; see batch_norm(). In training it normalises each channel
/// by the statistics of the batch and keeps track of them, in evaluation by those it has kept.
template <class T>
class TENON_API BasicBatchNorm : public BasicModule<T> {
 public:
  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  void visit(BasicVisitor<T>& v) override;
  std::string description() const override;
  ExpectedInput expected_input() const override;

  Index num_features() const { return num_features_; }
  double eps() const { return options_.eps; }

  BasicParameter<T> weight;        ///< (num_features), starts at 1; undefined unless affine
  BasicParameter<T> bias;          ///< (num_features), starts at 0; undefined unless affine
  BasicBuffer<T> running_mean;     ///< (num_features); undefined unless tracked
  BasicBuffer<T> running_var;      ///< (num_features), unbiased; undefined unless tracked
  LongBuffer num_batches_tracked;  ///< of rank 0; undefined unless tracked

 protected:
  BasicBatchNorm(const char* name, Index num_features, const BatchNormOptions& options);

 private:
  /// Throws ShapeError where x has not the layer's rank.
  virtual void check_rank(const Shape& x) const = 0;

  Index num_features_;
  BatchNormOptions options_;
};

/// Batch normalisation of features (N, C) or sequences (N, C, L), C = num_features. As
/// torch.nn.BatchNorm1d.
template <class T>
class TENON_API BasicBatchNorm1d : public BasicBatchNorm<T> {
 public:
  /// num_features >= 1. Throws ValueError.
  explicit BasicBatchNorm1d(Index num_features, const BatchNormOptions& options = {})
      : BasicBatchNorm<T>("BatchNorm1d", num_features, options) {}

 private:
  void check_rank(const Shape& x) const override;
};

/// Batch normalisation of images (N, C, H, W), C = num_features. As torch.nn.BatchNorm2d.
template <class T>
class TENON_API BasicBatchNorm2d : public BasicBatchNorm<T> {
 public:
  /// num_features >= 1. Throws ValueError.
  explicit BasicBatchNorm2d(Index num_features, const BatchNormOptions& options = {})
      : BasicBatchNorm<T>("BatchNorm2d", num_features, options) {}

 private:
  void check_rank(const Shape& x) const override;
};

extern template class BasicBatchNorm<float>;
extern template class BasicBatchNorm<double>;
extern template class BasicBatchNorm1d<float>;
extern template class BasicBatchNorm1d<double>;
extern template class BasicBatchNorm2d<float>;
extern template class BasicBatchNorm2d<double>;

using BatchNorm1d = BasicBatchNorm1d<float>;
using BatchNorm2d = BasicBatchNorm2d<float>;

}  // namespace tenon::nn
