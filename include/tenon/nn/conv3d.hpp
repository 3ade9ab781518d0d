#pragma once

#include <string>

#include "tenon/nn/module.hpp"
#include "tenon/ops/conv3d.hpp"
#include "tenon/ops/pad.hpp"

namespace tenon::nn {

/// What tenon::Conv3dOptions holds, whether there is a bias, and of what the padding is.
struct Conv3dOptions {
  Triple stride = 1;
  Padding3d padding = 0;
  Triple dilation = 1;
  Index groups = 1;
  bool bias = true;
  /// What stands around x: zeros (PadMode::constant), or what pad() makes in that mode.
  PadMode padding_mode = PadMode::constant;
};

/// Convolution of volumes, (N, in_channels, D, H, W) -> (N, out_channels, D', H', W'); see
/// conv3d(). Weight and bias start uniform in +-1 / sqrt(in_channels / groups KD KH KW), as
/// torch.nn.Conv3d.
template <class T>
class TENON_API BasicConv3d : public BasicModule<T> {
 public:
  /// kernel: one number or {KD, KH, KW}; all sizes >= 1; groups divides both numbers of channels.
  /// Throws ValueError.
  BasicConv3d(Index in_channels, Index out_channels, Triple kernel,
              const Conv3dOptions& options = {});

  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  void visit(BasicVisitor<T>& v) override;
  std::string description() const override;
  ExpectedInput expected_input() const override;

  BasicParameter<T> weight;  ///< (out_channels, in_channels / groups, KD, KH, KW)
  BasicParameter<T> bias;    ///< (out_channels), undefined without a bias

 private:
  BasicTensor<T> bordered(const BasicTensor<T>& x) const;

  Conv3dOptions options_;
};

extern template class BasicConv3d<float>;
extern template class BasicConv3d<double>;

using Conv3d = BasicConv3d<float>;

}  // namespace tenon::nn
