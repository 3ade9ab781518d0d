#include "tenon/optim/lbfgs.hpp"

#include <cmath>
#include <string>

#include "../nn/nn_support.hpp"
#include "nlohmann/json.hpp"
#include "tenon/base/parallel.hpp"
#include "tenon/io/safetensors.hpp"

using namespace tenon;
using namespace tenon::test;
using Json = nlohmann::json;

namespace {

/// sum of 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2, 0 where all are 1.
template <class T>
BasicTensor<T> rosenbrock(const BasicTensor<T>& x) {
  const Index n = x.numel();
  const auto a = x.slice(0, {0, n - 1}), b = x.slice(0, {1, n});
  const auto bend = b - a * a, way = 1 - a;
  return sum(bend * bend * 100 + way * way);
}

optim::LBFGSOptions options_of(const Json& a) {
  optim::LBFGSOptions options;
  options.lr = a.value("lr", 1.0);
  options.max_iter = a.value("max_iter", Index{20});
  options.max_eval = a.value("max_eval", Index{0});
  options.history_size = a.value("history_size", Index{100});
  if (a.contains("line_search_fn")) options.line_search_fn = optim::LineSearch::strong_wolfe;
  return options;
}

}  // namespace

TEST_CASE("LBFGS takes PyTorch's steps through Rosenbrock's valley", "[optim][lbfgs]") {
  const auto file = io::load_safetensors(TENON_TEST_DATA_DIR "/pytorch/lbfgs.safetensors");
  int cases = 0;
  for (const auto& [label, text] : file.metadata) {
    if (label == "torch") continue;
    ++cases;
    const Json arguments = Json::parse(text);
    const auto losses = file.get<double>(label + ".losses");
    const auto points = file.get<double>(label + ".points");
    const Index n = points.size(1);
    nn::BasicParameter<double> x(DoubleTensor::empty({n}));
    for (Index i = 0; i < n; ++i) {
      x.data()[i] = -1.2 + 2.2 * static_cast<double>(i) / static_cast<double>(n - 1);
    }
    optim::BasicLBFGS<double> lbfgs({&x}, options_of(arguments));
    for (Index step = 0; step < losses.numel(); ++step) {
      CAPTURE(label, step);
      const double loss = lbfgs.step([&] { return rosenbrock<double>(x); });
      CHECK(std::abs(loss - losses(step)) <= 1e-8 * (1 + losses(step)));
      for (Index i = 0; i < n; ++i) CHECK(std::abs(x(i) - points(step, i)) <= 1e-8);
    }
  }
  CHECK(cases == 5);
}

TEMPLATE_TEST_CASE("LBFGS finds the end of the valley", "[optim][lbfgs]", float, double) {
  using T = TestType;
  nn::BasicParameter<T> x(BasicTensor<T>::empty({8}));
  x.fill_(T(-0.5));
  // The valley is so flat that the gradient is 1e-7, where LBFGS would stop, 3e-6 before its end.
  optim::BasicLBFGS<T> lbfgs({&x}, {.tolerance_grad = 1e-12,
                                    .tolerance_change = 1e-15,
                                    .line_search_fn = optim::LineSearch::strong_wolfe});
  for (int i = 0; i < 20; ++i) lbfgs.step([&] { return rosenbrock<T>(x); });
  for (Index i = 0; i < 8; ++i) {
    CHECK(std::abs(static_cast<double>(x(i)) - 1) <= (sizeof(T) == 4 ? 1e-2 : 1e-6));
  }
}

TEST_CASE("LBFGS trains a net, the same bits at any number of threads", "[optim][lbfgs]") {
  const Tensor inputs = random_tensor<float>({32, 2}, 1);
  const Model start;
  Tensor first;
  const int threads = num_threads();
  for (const int count : {1, 2, 3, 8}) {
    set_num_threads(count);
    Model net = start;
    optim::LBFGS lbfgs(net, {.max_iter = 8, .line_search_fn = optim::LineSearch::strong_wolfe});
    const auto loss = [&] { return mean(net(inputs) * net(inputs)); };
    const double before = lbfgs.step(loss);
    CHECK(lbfgs.step(loss) < 0.5 * before);
    const Tensor weight = nn::parameters(net)[0]->clone();
    if (!first.defined()) first = weight;
    CHECK(same_bits<float>(weight, first));
  }
  set_num_threads(threads);
}

TEST_CASE("LBFGS goes on from a saved state bit by bit", "[optim][lbfgs]") {
  nn::Parameter a(full({4}, -0.5F)), unused(ones({3}));
  const optim::LBFGSOptions options{
      .max_iter = 3, .history_size = 4, .line_search_fn = optim::LineSearch::strong_wolfe};
  optim::LBFGS lbfgs({&a, &unused}, options);
  for (int i = 0; i < 3; ++i) lbfgs.step([&] { return rosenbrock<float>(a); });
  CHECK(equal<float>(unused, ones({3})));

  nn::Parameter b = a, other(ones({3}));
  optim::LBFGS restored({&b, &other}, options);
  restored.load_state(restored.state());  // of one that has not begun
  restored.load_state(lbfgs.state());
  CHECK(restored.state() == lbfgs.state());
  for (int i = 0; i < 2; ++i) {
    lbfgs.step([&] { return rosenbrock<float>(a); });
    restored.step([&] { return rosenbrock<float>(b); });
  }
  CHECK(same_bits<float>(a, b));
}

TEST_CASE("LBFGS stops at a minimum and at a loss that is not a number", "[optim][lbfgs]") {
  nn::Parameter x(ones({3}));
  optim::LBFGS lbfgs({&x}, {.line_search_fn = optim::LineSearch::strong_wolfe});
  int calls = 0;
  CHECK(lbfgs.step([&] { return ++calls, rosenbrock<float>(x); }) == 0);
  CHECK(calls == 1);
  CHECK(equal<float>(x, ones({3})));
  CHECK(std::isnan(lbfgs.step([&] { return sum(x * std::nanf("")); })));
}

TEST_CASE("LBFGS says what is wrong", "[optim][lbfgs][errors]") {
  nn::Linear layer(1, 1);
  const auto error = [&](const optim::LBFGSOptions& o) {
    return error_of<ValueError>([&] { optim::LBFGS lbfgs(layer, o); });
  };
  CHECK(error({.lr = -1}) == "[LBFGS] lr must be finite and at least 0, not -1");
  CHECK(error({.max_iter = 0}) == "[LBFGS] max_iter must be at least 1, not 0");
  CHECK(error({.max_eval = -1}) == "[LBFGS] max_eval must be at least 0, not -1");
  CHECK(error({.tolerance_grad = -1}) ==
        "[LBFGS] tolerance_grad must be finite and at least 0, not -1");
  CHECK(error({.tolerance_change = -1}) ==
        "[LBFGS] tolerance_change must be finite and at least 0, not -1");
  CHECK(error({.history_size = 0}) == "[LBFGS] history_size must be at least 1, not 0");
  nn::ReLU nothing;
  CHECK(error_of<ValueError>([&] { optim::LBFGS lbfgs(nothing); }) ==
        "[LBFGS] ReLU() has no parameters to train; hint: its visit() must name every layer and "
        "parameter, as in v(\"conv\", conv)");
  nn::Parameter undefined;
  CHECK(error_of<ValueError>([&] { optim::LBFGS lbfgs({&undefined}); }) ==
        "[LBFGS] a parameter of the list is undefined; hint: was its layer moved from, or made "
        "without a bias?");
  CHECK(error_of<ValueError>([&] { optim::LBFGS lbfgs(std::vector<nn::Parameter*>{}); }) ==
        "[LBFGS] the list of parameters to train is empty");
  optim::LBFGS lbfgs(layer);
  nn::Linear copy = layer;
  CHECK(error_of<ValueError>([&] { lbfgs.step([&] {
                                     return sum(copy(ones({1, 1})));
                                   }); }) ==
        "[LBFGS] none of the 2 parameters of this optimiser has a gradient; hint: was the net "
        "copied after the optimiser was made? A copy has parameters of its own: make the optimiser "
        "from the net that is trained");
  CHECK(error_of<ValueError>([&] {
          lbfgs.load_state({1, 2, 3});
        }) ==
        "[LBFGS] the state of 3 numbers does not fit 2 weights and history_size 100; hint: load it "
        "over the same net, with the options, that it was saved from");
  CHECK_THROWS_AS(lbfgs.load_state({1, 1, 1, 1, 0, 7, 7, 7}), ValueError);
  CHECK_THROWS_AS(lbfgs.load_state({1, 0, 1, 1, 0, 7, 7, 7, 7}), ValueError);
  CHECK_THROWS_AS(lbfgs.load_state({1, 1, 1, 1, 0.5, 7, 7, 7, 7}), ValueError);
  CHECK(error_of<ValueError>([&] { lbfgs.set_learning_rate(-1); }) ==
        "[LBFGS] lr must be finite and at least 0, not -1");
}
