// An error that leaves a layer says which one it was.

#include <string>
#include <thread>
#include <vector>

#include "nn_support.hpp"
#include "tenon/autograd/record.hpp"
#include "tenon/nn/lambda.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;

TEST_CASE("an error names the layer of a Sequential", "[nn][layer_path]") {
  nn::Sequential net{nn::Conv2d(1, 4, 3), nn::ReLU(), nn::Flatten(), nn::Linear(576, 64)};
  const std::string said = error_of<ShapeError>([&] { net(ones({2, 1, 8, 8})); });
  CHECK_THAT(said, ContainsSubstring("[linear]"));
  CHECK_THAT(said, ContainsSubstring(" (in layer 3: Linear(576 -> 64))\n"));
  try {
    net(ones({2, 1, 8, 8}));
  } catch (const Error& error) {
    CHECK(error.layer_path() == "3");
  }
}

TEST_CASE("an error names the path through nested modules and vectors", "[nn][layer_path]") {
  Model model;
  model.encoder.get<Block>(0).fc = nn::Linear(7, 3);
  CHECK_THAT(error_of<ShapeError>([&] {
               model(ones({1, 2}));
             }),
             ContainsSubstring(" (in layer encoder.0.fc: Linear(7 -> 3))\n"));
  model.layers[1] = nn::Linear(9, 3);
  CHECK_THAT(error_of<ShapeError>([&] {
               model(ones({1, 2}));
             }),
             EndsWith(" (in layer layers.1: Linear(9 -> 3))"));
}

TEST_CASE("errors one after the other keep their own paths", "[nn][layer_path]") {
  nn::Sequential net{nn::Linear(2, 2), nn::Linear(3, 2)};
  for (int i = 0; i < 3; ++i) {
    CHECK_THAT(error_of([&] {
                 net(ones({1, 2}));
               }),
               ContainsSubstring(" (in layer 1: Linear(3 -> 2))\n"));
    CHECK_THAT(error_of([&] {
                 net(ones({1, 5}));
               }),
               ContainsSubstring(" (in layer 0: Linear(2 -> 2))\n"));
    nn::Linear alone(4, 4);
    CHECK_THAT(error_of([&] { alone(ones({1, 5})); }), !ContainsSubstring("in layer"));
  }
}

TEST_CASE("an error that a layer catches and replaces has that layer's path", "[nn][layer_path]") {
  struct Fallback : nn::Module {
    nn::Linear fc{3, 2};
    Tensor forward(const Tensor& x) override {
      try {
        return fc(x);
      } catch (const ShapeError&) {
      }
      detail::fail<ValueError>("fallback", "nothing fits");
    }
    void visit(nn::Visitor& v) override { v("fc", fc); }
  };
  nn::Sequential net{nn::ReLU(), Fallback()};
  CHECK_THAT(error_of<ValueError>([&] {
               net(ones({1, 2}));
             }),
             ContainsSubstring("[fallback] nothing fits (in layer 1"));
}

TEST_CASE("a module that calls a layer two levels down is still named in full",
          "[nn][layer_path]") {
  struct Reaching : nn::Module {
    nn::Sequential body{Block(), nn::ReLU()};
    Tensor forward(const Tensor& x) override { return body.get<Block>(0).fc(x); }
    void visit(nn::Visitor& v) override { v("body", body); }
  };
  Reaching model;
  CHECK_THAT(error_of([&] {
               model(ones({1, 2}));
             }),
             EndsWith(" (in layer body.0.fc: Linear(3 -> 3))"));
}

TEST_CASE("a layer that visit() does not name is described by its neighbours' path",
          "[nn][layer_path]") {
  struct Hidden : nn::Module {
    nn::Linear fc{3, 3};
    Tensor forward(const Tensor& x) override { return fc(x); }
  };
  nn::Sequential net{nn::ReLU(), Hidden()};
  CHECK_THAT(error_of([&] {
               net(ones({1, 2}));
             }),
             ContainsSubstring(" (in layer 1: Linear(3 -> 3))\n"));
}

TEST_CASE("errors that are none of ours pass through", "[nn][layer_path]") {
  nn::Sequential net{nn::Lambda([](const Tensor&) -> Tensor { throw 7; })};
  CHECK_THROWS_AS(net(ones({1})), int);
}

TEST_CASE("errors in several threads keep their own paths", "[nn][layer_path]") {
  nn::Sequential net{nn::Linear(2, 2), nn::Linear(3, 2)};
  std::vector<std::string> said(4);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < said.size(); ++i) {
    threads.emplace_back([&net, &text = said[i], i] {
      text = error_of([&] { net(ones({1, i % 2 == 0 ? 2 : 5})); });
    });
  }
  for (auto& thread : threads) thread.join();
  for (std::size_t i = 0; i < said.size(); ++i) {
    CHECK_THAT(said[i], ContainsSubstring(i % 2 == 0 ? " (in layer 1: Linear(3 -> 2))\n"
                                                     : " (in layer 0: Linear(2 -> 2))\n"));
  }
}

TEST_CASE("a loss from a forward pass in another thread has no gradients here",
          "[nn][layer_path]") {
  Model model;
  Tape tape;
  Tensor loss;
  std::thread([&] { loss = sum(model(ones({1, 2}))); }).join();
  CHECK_THAT(error_of<TapeError>([&] { tape.gradients(loss); }), ContainsSubstring("thread"));
}
