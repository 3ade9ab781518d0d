#pragma once

#include <vector>

#include "tenon/nn/module.hpp"
#include "tenon/ops/adaptive_max_pool2d.hpp"
#include "tenon/ops/dropout.hpp"
#include "tenon/ops/group_norm.hpp"
#include "tenon/ops/interpolate.hpp"
#include "tenon/ops/max_unpool2d.hpp"
#include "tenon/ops/pad.hpp"
#include "tenon/ops/pixel_shuffle.hpp"
#include "tenon/ops/unfold.hpp"

/// Layers of images without parameters: each calls the operation of its name.
namespace tenon::nn {

using tenon::InterpolateOptions;
using tenon::LocalResponseNormOptions;
using tenon::MaxUnpool2dOptions;
using tenon::PadOptions;
using tenon::UnfoldOptions;

/// pad(): nn::Pad({1, 1}, {.mode = PadMode::reflect}) is torch.nn.ReflectionPad2d(1).
template <class T>
class BasicPad : public BasicModule<T> {
 public:
  explicit BasicPad(std::initializer_list<PadWidth> widths, const PadOptions& options = {})
      : widths_(widths), options_(options) {}
  BasicTensor<T> forward(const BasicTensor<T>& x) override {
    return detail::pad(x, widths_.data(), static_cast<Index>(widths_.size()), options_);
  }

 private:
  std::vector<PadWidth> widths_;
  PadOptions options_;
};

/// interpolate().
template <class T>
class BasicUpsample : public BasicModule<T> {
 public:
  explicit BasicUpsample(const InterpolateOptions& options) : options_(options) {}
  BasicTensor<T> forward(const BasicTensor<T>& x) override { return interpolate(x, options_); }
  ExpectedInput expected_input() const override { return {"NCHW"}; }

 private:
  InterpolateOptions options_;
};

template <class T>
class BasicPixelShuffle : public BasicModule<T> {
 public:
  explicit BasicPixelShuffle(Index upscale_factor) : factor_(upscale_factor) {}
  BasicTensor<T> forward(const BasicTensor<T>& x) override { return pixel_shuffle(x, factor_); }
  ExpectedInput expected_input() const override { return {"NCHW"}; }

 private:
  Index factor_;
};

template <class T>
class BasicPixelUnshuffle : public BasicModule<T> {
 public:
  explicit BasicPixelUnshuffle(Index downscale_factor) : factor_(downscale_factor) {}
  BasicTensor<T> forward(const BasicTensor<T>& x) override { return pixel_unshuffle(x, factor_); }
  ExpectedInput expected_input() const override { return {"NCHW"}; }

 private:
  Index factor_;
};

template <class T>
class BasicUnfold : public BasicModule<T> {
 public:
  explicit BasicUnfold(Pair kernel, const UnfoldOptions& options = {})
      : kernel_(kernel), options_(options) {}
  BasicTensor<T> forward(const BasicTensor<T>& x) override { return unfold(x, kernel_, options_); }
  ExpectedInput expected_input() const override { return {"NCHW"}; }

 private:
  Pair kernel_;
  UnfoldOptions options_;
};

template <class T>
class BasicFold : public BasicModule<T> {
 public:
  BasicFold(Pair output_size, Pair kernel, const UnfoldOptions& options = {})
      : output_size_(output_size), kernel_(kernel), options_(options) {}
  BasicTensor<T> forward(const BasicTensor<T>& x) override {
    return fold(x, output_size_, kernel_, options_);
  }

 private:
  Pair output_size_, kernel_;
  UnfoldOptions options_;
};

template <class T>
class BasicAdaptiveMaxPool2d : public BasicModule<T> {
 public:
  explicit BasicAdaptiveMaxPool2d(Pair output_size) : output_size_(output_size) {}
  BasicTensor<T> forward(const BasicTensor<T>& x) override {
    return adaptive_max_pool2d(x, output_size_);
  }
  ExpectedInput expected_input() const override { return {"NCHW"}; }

 private:
  Pair output_size_;
};

/// max_unpool2d(): unpool(values, indices), both from max_pool2d_with_indices().
template <class T>
class BasicMaxUnpool2d : public BasicModule<T> {
 public:
  explicit BasicMaxUnpool2d(Pair kernel, const MaxUnpool2dOptions& options = {})
      : kernel_(kernel), options_(options) {}
  BasicTensor<T> operator()(const BasicTensor<T>& x, const LongTensor& indices) {
    return this->call([&] { return max_unpool2d(x, indices, kernel_, options_); });
  }

 private:
  Pair kernel_;
  MaxUnpool2dOptions options_;
};

/// dropout1d(), while training.
template <class T>
class BasicDropout1d : public BasicModule<T> {
 public:
  explicit BasicDropout1d(double p = 0.5) : p_(p) {}
  BasicTensor<T> forward(const BasicTensor<T>& x) override {
    return dropout1d(x, p_, this->is_training());
  }

 private:
  double p_;
};

/// dropout2d(), while training.
template <class T>
class BasicDropout2d : public BasicModule<T> {
 public:
  explicit BasicDropout2d(double p = 0.5) : p_(p) {}
  BasicTensor<T> forward(const BasicTensor<T>& x) override {
    return dropout2d(x, p_, this->is_training());
  }

 private:
  double p_;
};

template <class T>
class BasicLocalResponseNorm : public BasicModule<T> {
 public:
  explicit BasicLocalResponseNorm(Index size, const LocalResponseNormOptions& options = {})
      : size_(size), options_(options) {}
  BasicTensor<T> forward(const BasicTensor<T>& x) override {
    return local_response_norm(x, size_, options_);
  }

 private:
  Index size_;
  LocalResponseNormOptions options_;
};

using Pad = BasicPad<float>;
using Upsample = BasicUpsample<float>;
using PixelShuffle = BasicPixelShuffle<float>;
using PixelUnshuffle = BasicPixelUnshuffle<float>;
using Unfold = BasicUnfold<float>;
using Fold = BasicFold<float>;
using AdaptiveMaxPool2d = BasicAdaptiveMaxPool2d<float>;
using MaxUnpool2d = BasicMaxUnpool2d<float>;
using Dropout1d = BasicDropout1d<float>;
using Dropout2d = BasicDropout2d<float>;
using LocalResponseNorm = BasicLocalResponseNorm<float>;

}  // namespace tenon::nn
