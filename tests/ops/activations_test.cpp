#include "tenon/ops/activations.hpp"

#include "activation_support.hpp"
#include "allocation_counter.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;
using Inputs = std::vector<DoubleTensor>;

namespace {

double softplus_of(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }
double sigmoid_of(double x) { return 1 / (1 + std::exp(-x)); }

/// The slopes are those at 0.5.
const Activation activations[] = {
    {"leaky_relu", [](const DoubleTensor& x) { return leaky_relu(x, 0.2); },
     [](const Tensor& x) { return leaky_relu(x, 0.2); },
     [](double x) { return x > 0 ? x : 0.2 * x; }, [](double) { return 1.0; }},
    {"elu", [](const DoubleTensor& x) { return elu(x, 1.5); },
     [](const Tensor& x) { return elu(x, 1.5); },
     [](double x) { return x > 0 ? x : 1.5 * std::expm1(x); }, [](double) { return 1.0; }},
    {"selu", selu<double>, selu<float>,
     [](double x) { return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * std::expm1(x)); },
     [](double) { return 1.0507009873554805; }},
    {"celu", [](const DoubleTensor& x) { return celu(x, 0.6); },
     [](const Tensor& x) { return celu(x, 0.6); },
     [](double x) { return x > 0 ? x : 0.6 * std::expm1(x / 0.6); }, [](double) { return 1.0; }},
    {"relu6", relu6<double>, relu6<float>, [](double x) { return std::min(std::max(x, 0.0), 6.0); },
     [](double) { return 1.0; }},
    {"hardtanh", [](const DoubleTensor& x) { return hardtanh(x, -0.72, 0.91); },
     [](const Tensor& x) { return hardtanh(x, -0.72, 0.91); },
     [](double x) { return std::min(std::max(x, -0.72), 0.91); }, [](double) { return 1.0; }},
    {"hardsigmoid", hardsigmoid<double>, hardsigmoid<float>,
     [](double x) { return std::min(std::max(x + 3, 0.0), 6.0) / 6; },
     [](double) { return 1.0 / 6; }},
    {"hardswish", hardswish<double>, hardswish<float>,
     [](double x) { return x * std::min(std::max(x + 3, 0.0), 6.0) / 6; },
     [](double) { return 0.5 / 3 + 0.5; }},
    {"softplus", [](const DoubleTensor& x) { return softplus(x); },
     [](const Tensor& x) { return softplus(x); }, softplus_of,
     [](double) { return sigmoid_of(0.5); }},
    {"softplus", [](const DoubleTensor& x) { return softplus(x, 2, 3.5); },
     [](const Tensor& x) { return softplus(x, 2, 3.5); },
     [](double x) { return 2 * x > 3.5 ? x : softplus_of(2 * x) / 2; },
     [](double) { return sigmoid_of(1); }},
    {"mish", mish<double>, mish<float>, [](double x) { return x * std::tanh(softplus_of(x)); },
     [](double) {
       const double t = std::tanh(softplus_of(0.5));
       return t + 0.5 * (1 - t * t) * sigmoid_of(0.5);
     }},
    {"softsign", softsign<double>, softsign<float>, [](double x) { return x / (1 + std::abs(x)); },
     [](double) { return 1 / 2.25; }},
    {"logsigmoid", logsigmoid<double>, logsigmoid<float>, [](double x) { return -softplus_of(-x); },
     [](double) { return sigmoid_of(-0.5); }},
};

}  // namespace

TEST_CASE("Activations have right values and derivatives of every order", "[ops][activations]") {
  for (const Activation& activation : activations) check_activation(activation);
}

TEST_CASE("Activations have PyTorch's derivatives where they have kinks", "[ops][activations]") {
  const auto slopes = [](const auto& f, const std::vector<double>& at) {
    Tape tape;
    const auto x = tape.watch(from_container(at));
    return tape.gradients(sum(f(x)))[x];
  };
  CHECK(equal(slopes([](const auto& x) { return leaky_relu(x); }, {0}), tensor<double>({0.01})));
  CHECK(equal(slopes(relu6<double>, {0, 6, 3}), tensor<double>({0, 0, 1})));
  CHECK(equal(slopes([](const auto& x) { return hardtanh(x); }, {-1, 1, 0}),
              tensor<double>({0, 0, 1})));
  CHECK(max_error(slopes(hardsigmoid<double>, {-3, 3, 0}), tensor<double>({0, 0, 1.0 / 6})) <=
        1e-15);
  CHECK(max_error(slopes(hardswish<double>, {-3, 3, -3.1, 3.1}),
                  tensor<double>({-0.5, 1.5, 0, 1})) <= 1e-15);
  CHECK(equal(slopes([](const auto& x) { return elu(x, 2); }, {0}), tensor<double>({2})));
}

TEST_CASE("softplus and logsigmoid neither overflow nor lose small numbers", "[ops][activations]") {
  const auto x = tensor<float>({-100, -50, 90, 1000});
  CHECK(max_error(softplus(x) * 1e20f, tensor<double>({0, 1.9287498e-2, 9e21, 1e23})) <= 1e-6);
  CHECK(max_error(logsigmoid(x), tensor<double>({-100, -50, 0, 0})) <= 1e-7);
}

TEST_CASE("prelu has a slope for all or for each channel", "[ops][activations]") {
  const auto x = tensor<double>({{-2, 3}, {-4, -1}});
  CHECK(equal(prelu(x, tensor<double>({0.5})), tensor<double>({{-1, 3}, {-2, -0.5}})));
  CHECK(equal(prelu(x, tensor<double>({0.5, 0.25})), tensor<double>({{-1, 3}, {-2, -0.25}})));
  CHECK(prelu(zeros<double>({0, 3}), ones<double>({3})).shape() == Shape{0, 3});
  const std::pair<Shape, Index> cases[] = {{{}, 1},        {{5}, 1},         {{3, 4}, 4},
                                           {{3, 4}, 1},    {{2, 3, 4}, 3},   {{2, 3, 2, 2}, 3},
                                           {{2, 1, 3}, 1}, {{2, 3, 2, 2}, 1}};
  for (const auto& [shape, slopes] : cases) {
    const auto f = [](const Inputs& in) { return prelu(in[0], in[1]); };
    const auto product = [](const Inputs& in) { return prelu(in[0], in[1] * in[1]) * in[0]; };
    const auto v = distinct_tensor(shape, 1), w = random_tensor({slopes}, 2, 0.1, 0.9);
    check_gradients_in_all_layouts("prelu", f, {v, w});
    check_gradients_in_all_layouts("prelu", product, {v, w});
  }
}

TEST_CASE("Training with any activation allocates nothing once warm", "[ops][activations]") {
  const auto x = random_tensor<float>({64, 33}, 1, -4, 4);
  const auto w = full<float>({33}, 0.25f);
  const auto step = [&] {
    for (const Activation& activation : activations) {
      Tape tape;
      const auto leaf = tape.watch(x), slopes = tape.watch(w);
      const auto y = prelu(activation.op32(leaf), slopes);
      tape.gradients(sum(y));
    }
  };
  for (int i = 0; i < 3; ++i) step();
  const AllocationCounter counter;
  step();
  CHECK(counter.count() == 0);
}

TEST_CASE("Activations say what is wrong with their arguments", "[ops][activations]") {
  const Tensor x = zeros({2, 3});
  CHECK_THAT(error_of<ValueError>([&] { hardtanh(x, 2, 1); }),
             ContainsSubstring("[hardtanh] min_val must not be larger than max_val, but they are 2 "
                               "and 1; hint: "));
  CHECK_THAT(error_of<ValueError>([&] { celu(x, 0); }),
             ContainsSubstring("[celu] alpha must not be 0, by which x is divided; hint: "));
  CHECK_THAT(error_of<ValueError>([&] { softplus(x, 0); }),
             ContainsSubstring("[softplus] beta must not be 0"));
  CHECK_THAT(
      error_of<ShapeError>([&] { prelu(x, zeros({2})); }),
      ContainsSubstring("[prelu] w must have shape (1) or (C=3) but has (2): x (2, 3); hint: "));
  CHECK_THAT(error_of<ShapeError>([&] { prelu(zeros({3}), zeros({3})); }),
             ContainsSubstring("[prelu] w must have shape (1) or (C=1) but has (3)"));
  CHECK_THAT(error_of<ShapeError>([&] { prelu(x, zeros({})); }),
             ContainsSubstring("[prelu] w must"));
  CHECK_THAT(error_of<ValueError>([&] { prelu(x, Tensor()); }),
             ContainsSubstring("[prelu] the tensor is undefined"));
  CHECK_THAT(error_of<ValueError>([&] { prelu(Tensor(), x); }),
             ContainsSubstring("[prelu] the tensor is undefined"));
}
