#pragma once

// Models that several tests of modules use.

#include <vector>

#include "ops_support.hpp"
#include "tenon/nn/conv2d.hpp"
#include "tenon/nn/flatten.hpp"
#include "tenon/nn/linear.hpp"
#include "tenon/nn/max_pool2d.hpp"
#include "tenon/nn/relu.hpp"
#include "tenon/nn/sequential.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/linear.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/ops/relu.hpp"

namespace tenon::test {

/// Layers, a parameter and a buffer of its own.
struct Block : nn::Module {
  nn::Linear fc{3, 3};
  nn::Parameter scale{ones({3})};
  Tensor shift = zeros({3});

  Tensor forward(const Tensor& x) override { return fc(x) * scale + shift; }
  void visit(nn::Visitor& v) override {
    v("fc", fc);
    v("scale", scale);
    v.buffer("shift", shift);
  }
};

/// A vector of layers, and nesting two deep.
struct Model : nn::Module {
  std::vector<nn::Linear> layers;
  nn::Sequential encoder{Block(), nn::ReLU(), nn::Linear(3, 4)};

  Model() {
    layers.emplace_back(2, 5);
    layers.emplace_back(5, 3);
  }
  Tensor forward(const Tensor& x) override {
    Tensor y = x;
    for (auto& layer : layers) y = relu(layer(y));
    return encoder(y);
  }
  void visit(nn::Visitor& v) override {
    v("layers", layers);
    v("encoder", encoder);
  }
};

/// Two layers of which the second uses the first one's weight.
struct TiedModel : nn::Module {
  nn::Linear in{3, 3};
  nn::Sequential between{nn::Linear(3, 3), nn::ReLU()};
  nn::Linear out{3, 3};

  TiedModel() { out.weight.tie(in.weight); }
  Tensor forward(const Tensor& x) override { return out(between(in(x))); }
  void visit(nn::Visitor& v) override {
    v("in", in);
    v("between", between);
    v("out", out);
  }
};

}  // namespace tenon::test
