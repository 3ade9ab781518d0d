#pragma once

#include <string>

#include "tenon/nn/module.hpp"
#include "tenon/ops/conv1d.hpp"
#include "tenon/ops/pad.hpp"

namespace tenon::nn {

/// What tenon::Conv1dOptions holds, whether there is a bias, and of what the padding is.
struct Conv1dOptions {
  Index stride = 1;
  Padding1d padding = 0;
  Index dilation = 1;
  Index groups = 1;
  bool bias = true;
  /// What stands around x: zeros (PadMode::constant), or what pad() makes in that mode.
  PadMode padding_mode = PadMode::constant;
};

/// Convolution of sequences, (N, in_channels, L) -> (N, out_channels, L'); see conv1d(). Weight and
/// bias start uniform in +-1 / sqrt(in_channels / groups K), as torch.nn.Conv1d.
template <class T>
class TENON_API BasicConv1d : public BasicModule<T> {
 public:
  /// All sizes >= 1; groups divides both numbers of channels. Throws ValueError.
  BasicConv1d(Index in_channels, Index out_channels, Index kernel,
              const Conv1dOptions& options = {});

  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  void visit(BasicVisitor<T>& v) override;
  std::string description() const override;
  ExpectedInput expected_input() const override;

  BasicParameter<T> weight;  ///< (out_channels, in_channels / groups, K)
  BasicParameter<T> bias;    ///< (out_channels), undefined without a bias

 private:
  BasicTensor<T> bordered(const BasicTensor<T>& x) const;

  Conv1dOptions options_;
};

/// What tenon::ConvTranspose1dOptions holds, and whether there is a bias.
struct ConvTranspose1dOptions {
  Index stride = 1;
  Index padding = 0;
  Index output_padding = 0;
  Index dilation = 1;
  Index groups = 1;
  bool bias = true;
};

/// Transposed convolution of sequences, (N, in_channels, L) -> (N, out_channels, L'); see
/// conv_transpose1d(). Weight and bias start uniform in +-1 / sqrt(out_channels / groups K), as
/// torch.nn.ConvTranspose1d.
template <class T>
class TENON_API BasicConvTranspose1d : public BasicModule<T> {
 public:
  /// All sizes >= 1; groups divides both numbers of channels. Throws ValueError.
  BasicConvTranspose1d(Index in_channels, Index out_channels, Index kernel,
                       const ConvTranspose1dOptions& options = {});

  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  void visit(BasicVisitor<T>& v) override;
  std::string description() const override;
  ExpectedInput expected_input() const override;

  BasicParameter<T> weight;  ///< (in_channels, out_channels / groups, K)
  BasicParameter<T> bias;    ///< (out_channels), undefined without a bias

 private:
  tenon::ConvTranspose1dOptions options_;
};

extern template class BasicConv1d<float>;
extern template class BasicConv1d<double>;
extern template class BasicConvTranspose1d<float>;
extern template class BasicConvTranspose1d<double>;

using Conv1d = BasicConv1d<float>;
using ConvTranspose1d = BasicConvTranspose1d<float>;

}  // namespace tenon::nn
