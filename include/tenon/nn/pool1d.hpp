#pragma once

#include "tenon/nn/module.hpp"
#include "tenon/ops/pool1d.hpp"

/// Pooling of sequences (N, C, L); see the operations of the same names.
namespace tenon::nn {

using tenon::AvgPool1dOptions;
using tenon::MaxPool1dOptions;

template <class T>
class BasicMaxPool1d : public BasicModule<T> {
 public:
  explicit BasicMaxPool1d(Index kernel, const MaxPool1dOptions& options = {})
      : kernel_(kernel), options_(options) {}
  BasicTensor<T> forward(const BasicTensor<T>& x) override {
    return tenon::max_pool1d(x, kernel_, options_);
  }
  ExpectedInput expected_input() const override { return {"NCL"}; }

 private:
  Index kernel_;
  MaxPool1dOptions options_;
};

template <class T>
class BasicAvgPool1d : public BasicModule<T> {
 public:
  explicit BasicAvgPool1d(Index kernel, const AvgPool1dOptions& options = {})
      : kernel_(kernel), options_(options) {}
  BasicTensor<T> forward(const BasicTensor<T>& x) override {
    return tenon::avg_pool1d(x, kernel_, options_);
  }
  ExpectedInput expected_input() const override { return {"NCL"}; }

 private:
  Index kernel_;
  AvgPool1dOptions options_;
};

template <class T>
class BasicAdaptiveAvgPool1d : public BasicModule<T> {
 public:
  explicit BasicAdaptiveAvgPool1d(Index output_size) : output_size_(output_size) {}
  BasicTensor<T> forward(const BasicTensor<T>& x) override {
    return tenon::adaptive_avg_pool1d(x, output_size_);
  }
  ExpectedInput expected_input() const override { return {"NCL"}; }

 private:
  Index output_size_;
};

using MaxPool1d = BasicMaxPool1d<float>;
using AvgPool1d = BasicAvgPool1d<float>;
using AdaptiveAvgPool1d = BasicAdaptiveAvgPool1d<float>;

}  // namespace tenon::nn
