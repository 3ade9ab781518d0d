#pragma once

#include <string>

#include "tenon/nn/module.hpp"
#include "tenon/ops/conv_transpose2d.hpp"

namespace tenon::nn {

/// What tenon::ConvTranspose2dOptions holds, and whether there is a bias.
struct ConvTranspose2dOptions {
  Pair stride = 1;
  Pair padding = 0;
  Pair output_padding = 0;
  Pair dilation = 1;
  Index groups = 1;
  bool bias = true;
};

/// Transposed convolution of images, (N, in_channels, H, W) -> (N, out_channels, H', W'); see
/// conv_transpose2d(). Weight and bias start uniform in +-1 / sqrt(out_channels / groups KH KW), as
/// torch.nn.ConvTranspose2d.
template <class T>
class TENON_API BasicConvTranspose2d : public BasicModule<T> {
 public:
  /// kernel: one number or {KH, KW}; all sizes >= 1; groups divides both numbers of channels.
  /// Throws ValueError.
  BasicConvTranspose2d(Index in_channels, Index out_channels, Pair kernel,
                       const ConvTranspose2dOptions& options = {});

  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  void visit(BasicVisitor<T>& v) override;
  std::string description() const override;
  ExpectedInput expected_input() const override;

  BasicParameter<T> weight;  ///< (in_channels, out_channels / groups, KH, KW)
  BasicParameter<T> bias;    ///< (out_channels), undefined without a bias

 private:
  tenon::ConvTranspose2dOptions options_;
};

extern template class BasicConvTranspose2d<float>;
extern template class BasicConvTranspose2d<double>;

using ConvTranspose2d = BasicConvTranspose2d<float>;

}  // namespace tenon::nn
