// The code of docs/reference/linalg.md and docs/reference/derivatives.md, compiled and run.

#include <string>
#include <vector>

#include "../nn/nn_support.hpp"
#include "tenon/autograd/gradient_hook.hpp"
#include "tenon/autograd/recompute.hpp"
#include "tenon/eigen.hpp"
#include "tenon/linalg.hpp"
#include "tenon/nn/linear.hpp"
#include "tenon/nn/output_hook.hpp"
#include "tenon/nn/relu.hpp"
#include "tenon/nn/sequential.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/derivatives.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/ops/reduce.hpp"

using namespace tenon;
using namespace tenon::test;

TEST_CASE("linalg.md: a Gaussian's likelihood", "[docs]") {
  const DoubleTensor r = random_tensor({5, 3}, 1);
  const DoubleTensor covariance = eye<double>(3) * 2;
  // [likelihood]
  const DoubleTensor l = linalg::cholesky(covariance);
  const DoubleTensor z = linalg::solve_triangular(l, r.t());  // r^T covariance^-1 r = |z|^2
  const DoubleTensor nll = 0.5 * sum(square(z), 0) + sum(log(linalg::diagonal(l)));
  // [/likelihood]
  CHECK(max_error(nll, 0.25 * sum(square(r), 1) + 0.5 * linalg::logdet(covariance)) < 1e-14);
}

TEST_CASE("linalg.md: batches and the pseudo-inverse", "[docs]") {
  const Tensor a = random_tensor<float>({10, 3, 3}, 2), b = random_tensor<float>({10, 3}, 3);
  // [batch]
  const Tensor x = linalg::solve(a, b);    // a (10, 3, 3), b and x (10, 3)
  const auto [u, s, vh] = linalg::svd(a);  // a = u diag(s) vh
  const Tensor same = matmul(u * s.unsqueeze(-2), vh);
  // [/batch]
  CHECK(max_error(same, a) < 1e-5);
  CHECK(max_error(matmul(a, x.unsqueeze(-1)).squeeze(-1), b) < 1e-3);
}

TEST_CASE("linalg.md: Eigen", "[docs]") {
  Tensor y = zeros({2, 3, 3});
  // [eigen]
  Eigen::MatrixXf m = Eigen::MatrixXf::Identity(3, 3);
  Tensor view = as_tensor(m);  // m's own memory
  view(0, 1) = 5;              // so m(0, 1) is 5
  as_matrix(y, {1}) = m * m;   // written into y[1]
  const Tensor copy = from_eigen(m + m);
  // [/eigen]
  CHECK(m(0, 1) == 5);
  CHECK(y(1, 0, 1) == 10);
  CHECK(copy(0, 0) == 2);
}

TEST_CASE("derivatives.md: by name", "[docs]") {
  const DoubleTensor x = random_tensor({3}, 4), v = random_tensor({3}, 5);
  // [names]
  const auto f = [](const DoubleTensor& at) { return sum(exp(at) * sin(at)); };
  const DoubleTensor g = gradient(f, x);  // (3)
  const DoubleTensor h = hessian(f, x);   // (3, 3)
  const DoubleTensor hv = hvp(f, x, v);   // h v, without h
  // [/names]
  CHECK(max_error(g, exp(x) * (sin(x) + cos(x))) < 1e-14);
  CHECK(max_error(matmul(h, v), hv) < 1e-14);
}

TEST_CASE("derivatives.md: inside a loss", "[docs]") {
  nn::Sequential net{nn::Linear(2, 8), nn::Linear(8, 1)};
  const Tensor x = random_tensor<float>({4, 2}, 6);
  // [penalty]
  Tape tape;
  const Tensor slope = gradient([&](const Tensor& at) { return sum(net(at)); }, x);
  const Gradients g = tape.gradients(mean(square(slope)));  // by the weights
  // [/penalty]
  CHECK(g.size() == 2);  // a linear net's slope depends on no bias
}

TEST_CASE("derivatives.md: recomputation and hooks", "[docs]") {
  std::vector<nn::Linear> blocks;
  for (int i = 0; i < 3; ++i) blocks.emplace_back(4, 4);
  Tensor h = ones({2, 4});
  {
    Tape tape;
    // [checkpoint]
    for (auto& block : blocks) {
      h = checkpoint([&block](const Tensor& x) { return block(x); }, h);
    }
    // [/checkpoint]
    CHECK(tape.gradients(sum(h)).size() == 6);
  }
  nn::Sequential net{nn::Linear(4, 4), nn::ReLU()};
  const Tensor x = ones({2, 4});
  std::vector<std::string> paths;
  float steepest = 0;
  // [hooks]
  nn::OutputHook hook([&](const nn::Module& layer, const Tensor& y) {
    if (mean(y).item() == 0) paths.push_back(net.path_to(&layer));  // layers that are dead
  });
  Tape tape;
  Tensor y = gradient_hook(net(x), [&](const Tensor& dy) { steepest = max(abs(dy)).item(); });
  tape.gradients(sum(y * 3));
  // [/hooks]
  CHECK(steepest == 3);
}
