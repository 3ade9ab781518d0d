// Against steps that PyTorch took: make_vectors.py, make_text_vectors.py and make_optim_vectors.py
// of tests/data/pytorch wrote them down.

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include "../nn/nn_support.hpp"
#include "nlohmann/json.hpp"
#include "tenon/io/safetensors.hpp"
#include "tenon/ops/cross_entropy.hpp"
#include "tenon/optim/adadelta.hpp"
#include "tenon/optim/adagrad.hpp"
#include "tenon/optim/adam.hpp"
#include "tenon/optim/adamax.hpp"
#include "tenon/optim/nadam.hpp"
#include "tenon/optim/radam.hpp"
#include "tenon/optim/rmsprop.hpp"
#include "tenon/optim/sgd.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

using Json = nlohmann::json;

io::TensorDict load(const std::string& stem) {
  return io::load_safetensors(TENON_TEST_DATA_DIR "/pytorch/" + stem + ".safetensors");
}

template <class T>
std::unique_ptr<optim::BasicOptimizer<T>> make(const Json& a, nn::BasicModule<T>& net) {
  const double lr = a.at("lr"), weight_decay = a.value("weight_decay", 0.0);
  if (a.at("op") == "SGD") {
    return std::make_unique<optim::BasicSGD<T>>(
        net, optim::SGDOptions{.lr = lr,
                               .momentum = a.value("momentum", 0.0),
                               .dampening = a.value("dampening", 0.0),
                               .weight_decay = weight_decay,
                               .nesterov = a.value("nesterov", false)});
  }
  if (a.at("op") == "Adagrad") {
    return std::make_unique<optim::BasicAdagrad<T>>(
        net, optim::AdagradOptions{
                 .lr = lr,
                 .lr_decay = a.value("lr_decay", 0.0),
                 .weight_decay = weight_decay,
                 .initial_accumulator_value = a.value("initial_accumulator_value", 0.0),
                 .eps = a.value("eps", 1e-10)});
  }
  if (a.at("op") == "RMSprop") {
    return std::make_unique<optim::BasicRMSprop<T>>(
        net, optim::RMSpropOptions{.lr = lr,
                                   .alpha = a.value("alpha", 0.99),
                                   .eps = a.value("eps", 1e-8),
                                   .weight_decay = weight_decay,
                                   .momentum = a.value("momentum", 0.0),
                                   .centered = a.value("centered", false)});
  }
  if (a.at("op") == "Adadelta") {
    return std::make_unique<optim::BasicAdadelta<T>>(
        net, optim::AdadeltaOptions{.lr = lr,
                                    .rho = a.value("rho", 0.9),
                                    .eps = a.value("eps", 1e-6),
                                    .weight_decay = weight_decay});
  }
  const auto betas = a.value("betas", Json::array({0.9, 0.999}));
  const double beta1 = betas[0], beta2 = betas[1], eps = a.value("eps", 1e-8);
  if (a.at("op") == "Adam") {
    return std::make_unique<optim::BasicAdam<T>>(
        net, optim::AdamOptions{lr, beta1, beta2, eps, weight_decay});
  }
  const bool decoupled = a.value("decoupled_weight_decay", false);
  if (a.at("op") == "Adamax") {
    return std::make_unique<optim::BasicAdamax<T>>(
        net, optim::AdamaxOptions{lr, beta1, beta2, eps, weight_decay});
  }
  if (a.at("op") == "NAdam") {
    const double momentum_decay = a.value("momentum_decay", 4e-3);
    return std::make_unique<optim::BasicNAdam<T>>(
        net, optim::NAdamOptions{lr, beta1, beta2, eps, weight_decay, momentum_decay, decoupled});
  }
  if (a.at("op") == "RAdam") {
    return std::make_unique<optim::BasicRAdam<T>>(
        net, optim::RAdamOptions{lr, beta1, beta2, eps, weight_decay, decoupled});
  }
  optim::AdamWOptions options{lr, beta1, beta2, eps};
  if (a.contains("weight_decay")) options.weight_decay = weight_decay;
  return std::make_unique<optim::BasicAdamW<T>>(net, options);
}

template <class T>
struct OneParameter : nn::BasicModule<T> {
  nn::BasicParameter<T> p;
  void visit(nn::BasicVisitor<T>& v) override { v("p", p); }
};

/// max |a - b|
template <class T, class U>
double distance(const BasicTensor<T>& a, const BasicTensor<U>& b) {
  double worst = 0;
  for_each_position(a.shape(), [&](const Shape& p) {
    const double d =
        std::abs(static_cast<double>(value_at(a, p)) - static_cast<double>(value_at(b, p)));
    worst = std::max(worst, std::isnan(d) ? 1e300 : d);
  });
  return worst;
}

/// The parameter after each of the steps with the file's gradients.
template <class T>
BasicTensor<T> trail(const io::TensorDict& file, const Json& arguments) {
  OneParameter<T> net;
  net.p = nn::BasicParameter<T>(file.get<double>("start").template to<T>());
  const auto optimizer = make<T>(arguments, net);
  const auto grads = file.get<double>("grads").template to<T>();
  auto result = BasicTensor<T>::empty(grads.shape());
  for (Index i = 0; i < grads.size(0); ++i) {
    Tape tape;
    optimizer->step(tape.gradients<T>(net.p, grads[i].contiguous()));
    result[i].copy_(net.p);
  }
  return result;
}

}  // namespace

namespace {

/// Returns the number of cases.
int check_steps(const std::string& stem) {
  const io::TensorDict file = load(stem);
  int cases = 0;
  for (const auto& [label, text] : file.metadata) {
    if (text.find("{\"op\"") != 0) continue;
    ++cases;
    INFO(label);
    const Json arguments = Json::parse(text);
    const auto exact = file.get<double>(label + ".p64");
    CHECK(max_error(trail<double>(file, arguments), exact) <= 1e-13);
    const double theirs = max_error(file.get<float>(label + ".p32"), exact);
    const double ours = max_error(trail<float>(file, arguments), exact);
    INFO("float error " << ours << ", PyTorch's " << theirs);
    CHECK(ours <= 2 * theirs);
  }
  return cases;
}

}  // namespace

TEST_CASE("optimisers take PyTorch's steps", "[optim][sgd][adam]") {
  CHECK(check_steps("optimisers") == 11);
}
TEST_CASE("Adagrad and RMSprop take PyTorch's steps", "[optim][adagrad][rmsprop]") {
  CHECK(check_steps("adaptive_optimisers") == 8);
}
TEST_CASE("Adadelta, Adamax, NAdam and RAdam take PyTorch's steps",
          "[optim][adadelta][adamax][nadam][radam]") {
  CHECK(check_steps("rare_optimisers") == 11);
}

namespace {

template <class T>
nn::BasicSequential<T> small_cnn(const io::TensorDict& file) {
  nn::BasicSequential<T> net{nn::BasicConv2d<T>(1, 4, 3), nn::BasicReLU<T>(),
                             nn::BasicMaxPool2d<T>(2), nn::BasicFlatten<T>(),
                             nn::BasicLinear<T>(36, 3)};
  for (auto& [name, parameter] : nn::named_parameters(net)) {
    *parameter = file.get<double>("start." + name).template to<T>();
  }
  return net;
}

template <class T>
void check_training(const io::TensorDict& file, const std::string& label, const Json& arguments,
                    double tolerance) {
  auto net = small_cnn<T>(file);
  const auto optimizer = make<T>(arguments, net);
  const auto images = file.get<double>("images").template to<T>();
  const auto labels = file.get<std::int64_t>("labels");
  const std::string bits = sizeof(T) == 4 ? "32" : "64";
  const auto losses = file.get<double>(label + ".losses64");
  for (Index i = 0; i < images.size(0); ++i) {
    Tape tape;
    const auto loss = cross_entropy(net(images[i]), labels[i].contiguous());
    CHECK(std::abs(static_cast<double>(loss.item()) - losses(i)) <= tolerance);
    optimizer->step(tape.gradients(loss));
  }
  for (auto& [name, parameter] : nn::named_parameters(net)) {
    INFO(label << bits << " " << name);
    const auto exact = file.get<double>(label + ".final64." + name);
    const auto theirs = file.get<T>(label + ".final" + bits + "." + name);
    const double allowed = sizeof(T) == 4 ? 2 * distance(theirs, exact) : tolerance;
    CHECK(distance<T>(*parameter, exact) <= allowed);
  }
}

}  // namespace

TEST_CASE("a CNN trains as PyTorch's does", "[optim][training]") {
  const io::TensorDict file = load("training");
  for (const std::string label : {"sgd", "adam"}) {
    const Json arguments = Json::parse(file.metadata.at(label));
    check_training<double>(file, label, arguments, 1e-12);
    check_training<float>(file, label, arguments, 1e-5);
  }
}
