#pragma once

#include <string>

#include "tenon/nn/module.hpp"
#include "tenon/ops/conv2d.hpp"
#include "tenon/ops/pad.hpp"

namespace tenon::nn {

/// What tenon::Conv2dOptions holds, whether there is a bias, and of what the padding is.
struct Conv2dOptions {
  Pair stride = 1;
  Padding2d padding = 0;
  Pair dilation = 1;
  Index groups = 1;
  bool bias = true;
  /// What stands around x: zeros (PadMode::constant), or what pad() makes in that mode.
  PadMode padding_mode = PadMode::constant;
};

/// Convolution of images, (N, in_channels, H, W) -> (N, out_channels, H', W'); see conv2d(). Weight
/// and bias start uniform in +-1 / sqrt(in_channels / groups KH KW), as torch.nn.Conv2d.
template <class T>
class TENON_API BasicConv2d : public BasicModule<T> {
 public:
  /// kernel: one number or {KH, KW}; all sizes >= 1; groups divides both numbers of channels.
  /// Throws ValueError.
  BasicConv2d(Index in_channels, Index out_channels, Pair kernel,
              const Conv2dOptions& options = {});

  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  BasicTensor<T> forward_relu(const BasicTensor<T>& x) override;
  void visit(BasicVisitor<T>& v) override;
  std::string description() const override;
  ExpectedInput expected_input() const override;

  BasicParameter<T> weight;  ///< (out_channels, in_channels / groups, KH, KW)
  BasicParameter<T> bias;    ///< (out_channels), undefined without a bias

 private:
  void on_mode() override;
  void prepack(const BasicTensor<T>& x);

  BasicTensor<T> bordered(const BasicTensor<T>& x) const;

  Conv2dOptions options_;
  PackedConv2d<T> packed_;  // written by prepack() and train() alone, read by inference
};

extern template class BasicConv2d<float>;
extern template class BasicConv2d<double>;

using Conv2d = BasicConv2d<float>;

}  // namespace tenon::nn
