// What a ShapeError shows of the layers around the one that refuses its input.

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "allocation_counter.hpp"
#include "nn_support.hpp"
#include "tenon/nn/batch_norm.hpp"
#include "tenon/nn/conv_transpose2d.hpp"
#include "tenon/nn/dropout.hpp"
#include "tenon/nn/embedding.hpp"
#include "tenon/nn/lambda.hpp"
#include "tenon/nn/layer_norm.hpp"
#include "tenon/nn/lstm.hpp"
#include "tenon/nn/rms_norm.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;

namespace {

/// The lines below the first one of the ShapeError that f throws.
template <class F>
std::string lines_of(const F& f) {
  const std::string said = error_of<ShapeError>(f);
  return said.substr(std::min(said.find('\n'), said.size()));
}
std::string lines_of(nn::Module& net, const Shape& x) {
  return lines_of([&] { net(ones(x)); });
}
/// The hint at the end of it, "" without one.
std::string hint_of(nn::Module& net, const Shape& x) {
  const std::string lines = lines_of(net, x);
  const std::size_t at = lines.find("\n  hint: ");
  return at == std::string::npos ? "" : lines.substr(at + 9);
}

/// The CNN of the guides, with a mistake in its first Linear.
nn::Sequential cnn(Index in_features) {
  return nn::Sequential{nn::Conv2d(1, 32, 3),
                        nn::ReLU(),
                        nn::MaxPool2d(2),
                        nn::Conv2d(32, 64, 3),
                        nn::ReLU(),
                        nn::Dropout(0.25),
                        nn::Flatten(),
                        nn::ReLU(),
                        nn::Linear(in_features, 64),
                        nn::ReLU(),
                        nn::Linear(64, 10)};
}

struct Body : nn::Module {
  nn::Sequential body{nn::Linear(4, 3), nn::ReLU(), nn::Linear(5, 2)};
  Tensor forward(const Tensor& x) override { return body(x); }
  void visit(nn::Visitor& v) override { v("body", body); }
};

}  // namespace

TEST_CASE("all layers up to the failing one are shown with their shapes",
          "[nn][layer_trace][tiny]") {
  nn::Sequential net = cnn(576);
  CHECK(error_of<ShapeError>([&] {
          net(ones({64, 1, 28, 28}));
        }) ==
        "[linear] w expects 576 features but x has 7744: x (N=64, D=7744), w (O=64, D=576); hint: "
        "the last axis of x holds the features; flatten images first (in layer 8: Linear(576 -> "
        "64))\n"
        "    0 Conv2d(1 -> 32, kernel 3)   (64, 1, 28, 28) -> (64, 32, 26, 26)\n"
        "    1 ReLU()                      -> (64, 32, 26, 26)\n"
        "    2 MaxPool2d(kernel 2)         -> (64, 32, 13, 13)\n"
        "    3 Conv2d(32 -> 64, kernel 3)  -> (64, 64, 11, 11)\n"
        "    4 ReLU()                      -> (64, 64, 11, 11)\n"
        "    5 Dropout(0.25)               -> (64, 64, 11, 11)\n"
        "    6 Flatten()                   -> (64, 7744)\n"
        "    7 ReLU()                      -> (64, 7744)\n"
        "  > 8 Linear(576 -> 64)           expects 576 features\n"
        "  hint: in_features = 7744 would fit");
}

TEST_CASE("the first layer shows what it was given", "[nn][layer_trace]") {
  nn::Sequential net{nn::Linear(2, 3), nn::ReLU()};
  CHECK(lines_of(net, {4, 5}) ==
        "\n  > 0 Linear(2 -> 3)  (4, 5), expects 2 features\n"
        "  hint: in_features = 5 would fit");
}

TEST_CASE("a layer that is missing or of another size is named", "[nn][layer_trace]") {
  nn::Sequential flattened{nn::Conv2d(1, 4, 3), nn::Flatten(), nn::Linear(100, 2)};
  CHECK(hint_of(flattened, {2, 1, 8, 8}) ==
        "in_features = 144 would fit: Flatten makes that of 4 x 6 x 6");
  nn::Sequential flat{nn::Conv2d(1, 4, 3), nn::ReLU(), nn::Linear(144, 2)};
  CHECK(hint_of(flat, {2, 1, 8, 8}) ==
        "nn::Flatten() is missing in front of it, which makes (2, 144)");
  nn::Sequential both{nn::Conv2d(1, 4, 3), nn::ReLU(), nn::Linear(100, 2)};
  CHECK(hint_of(both, {2, 1, 8, 8}) ==
        "nn::Flatten() is missing in front of it, and then in_features = 144 would fit");
  nn::Sequential channels{nn::Conv2d(1, 4, 3), nn::Conv2d(8, 4, 3)};
  CHECK(lines_of(channels, {2, 1, 8, 8}) ==
        "\n    0 Conv2d(1 -> 4, kernel 3)  (2, 1, 8, 8) -> (2, 4, 6, 6)\n"
        "  > 1 Conv2d(8 -> 4, kernel 3)  expects 8 channels\n"
        "  hint: in_channels = 4 would fit");
  nn::Sequential up{nn::ConvTranspose2d(3, 4, 2)};
  CHECK(hint_of(up, {1, 5, 4, 4}) == "in_channels = 5 would fit");
  nn::Sequential grouped{nn::Conv2d(4, 8, 1, {.groups = 2})};
  CHECK_THAT(lines_of(grouped, {1, 6, 4, 4}),
             ContainsSubstring("(1, 6, 4, 4), expects 4 channels"));
  nn::Sequential norm{nn::BatchNorm2d(4)};
  CHECK(hint_of(norm, {2, 3, 5, 5}) == "num_features = 3 would fit");
  nn::Sequential rows{nn::LayerNorm(4)};
  CHECK(hint_of(rows, {2, 3}) == "normalized_shape = 3 would fit");
  nn::Sequential root{nn::RMSNorm(4)};
  CHECK(hint_of(root, {2, 3}) == "normalized_shape = 3 would fit");
  nn::Sequential steps{nn::LSTM(4, 5)};
  CHECK(hint_of(steps, {2, 7, 3}) == "input_size = 3 would fit");
}

TEST_CASE("images in another layout are recognised", "[nn][layer_trace]") {
  nn::Sequential rgb{nn::Conv2d(3, 8, 3)};
  CHECK(hint_of(rgb, {5, 32, 30, 3}) ==
        "x looks like (N, H, W, C): x.permute({0, 3, 1, 2}) makes (5, 3, 32, 30)");
  CHECK(hint_of(rgb, {32, 30, 3}) ==
        "x looks like one image (H, W, C): x.permute({2, 0, 1}).unsqueeze(0) makes (1, 3, 32, 30)");
  CHECK(hint_of(rgb, {3, 32, 30}) ==
        "the batch axis is missing: x.unsqueeze(0) makes (1, 3, 32, 30)");
  CHECK_THAT(lines_of(rgb, {3, 32, 30}), ContainsSubstring("(3, 32, 30), expects (N, C, H, W)"));
  CHECK(hint_of(rgb, {5, 3072}) == "images are flattened: x.reshape({-1, 3, 32, 32}) undoes it");
  CHECK(hint_of(rgb, {5, 3071}) == "");
  nn::Sequential grey{nn::Conv2d(1, 8, 3)};
  CHECK(hint_of(grey, {64, 28, 28}) ==
        "grey images need an axis of channels: x.unsqueeze(1) makes (64, 1, 28, 28)");
  CHECK(hint_of(grey, {1, 28, 28}) ==
        "the batch axis is missing: x.unsqueeze(0) makes (1, 1, 28, 28)");
  nn::Sequential pool{nn::MaxPool2d(2)};
  CHECK(hint_of(pool, {3, 8, 8}) == "the batch axis is missing: x.unsqueeze(0) makes (1, 3, 8, 8)");
}

TEST_CASE("other axes that are missing or swapped are recognised", "[nn][layer_trace]") {
  nn::Sequential dense{nn::Linear(784, 10)};
  CHECK(hint_of(dense, {28, 28}) == "the batch axis is missing: x.reshape({1, 784})");
  CHECK(hint_of(dense, {784, 5}) == "x looks transposed: x.t() makes (5, 784)");
  CHECK(hint_of(dense, {64, 28, 28}) ==
        "nn::Flatten() is missing in front of it, which makes (64, 784)");
  nn::Sequential steps{nn::LSTM(4, 5)};
  CHECK(hint_of(steps, {7, 4}) == "the batch axis is missing: x.unsqueeze(0) makes (1, 7, 4)");
  nn::Sequential time_first{nn::LSTM(4, 5, {.batch_first = false})};
  CHECK(hint_of(time_first, {7, 4}) == "");
}

TEST_CASE("what no hint explains is shown without one", "[nn][layer_trace]") {
  nn::Sequential net{nn::Conv2d(1, 4, 3), nn::Conv2d(4, 4, 9)};
  CHECK(lines_of(net, {2, 1, 8, 8}) ==
        "\n    0 Conv2d(1 -> 4, kernel 3)  (2, 1, 8, 8) -> (2, 4, 6, 6)\n"
        "  > 1 Conv2d(4 -> 4, kernel 9)  does not take (2, 4, 6, 6)");
  nn::Sequential own{nn::Lambda([](const Tensor& x) { return x.reshape({7}); })};
  CHECK(lines_of(own, {2}) == "\n  > 0 Lambda()  does not take (2)");
}

TEST_CASE("a ReLU that is part of another layer's pass is shown as a layer", "[nn][layer_trace]") {
  nn::Sequential pooled{nn::Conv2d(1, 4, 3), nn::ReLU(), nn::MaxPool2d(9)};
  CHECK(lines_of(pooled, {2, 1, 8, 8}) ==
        "\n    0 Conv2d(1 -> 4, kernel 3)  (2, 1, 8, 8) -> (2, 4, 6, 6)\n"
        "    1 ReLU()                    -> (2, 4, 6, 6)\n"
        "  > 2 MaxPool2d(kernel 9)       does not take (2, 4, 6, 6)");
  nn::Sequential fused{nn::Linear(2, 3), nn::ReLU(), nn::Linear(4, 3), nn::ReLU()};
  CHECK(lines_of(fused, {5, 2}) ==
        "\n    0 Linear(2 -> 3)  (5, 2) -> (5, 3)\n"
        "    1 ReLU()          -> (5, 3)\n"
        "  > 2 Linear(4 -> 3)  expects 4 features\n"
        "  hint: in_features = 3 would fit");
}

TEST_CASE("nested Sequentials show all layers in a row", "[nn][layer_trace]") {
  nn::Sequential inner{nn::Linear(3, 4), nn::ReLU(), nn::Linear(5, 2)};
  nn::Sequential net{nn::Linear(2, 3), nn::ReLU()};
  net.append(std::move(inner)).append(nn::ReLU());
  CHECK_THAT(error_of<ShapeError>([&] {
               net(ones({6, 2}));
             }),
             EndsWith(" (in layer 2.2: Linear(5 -> 2))\n"
                      "    0 Linear(2 -> 3)    (6, 2) -> (6, 3)\n"
                      "    1 ReLU()            -> (6, 3)\n"
                      "    2.0 Linear(3 -> 4)  -> (6, 4)\n"
                      "    2.1 ReLU()          -> (6, 4)\n"
                      "  > 2.2 Linear(5 -> 2)  expects 5 features\n"
                      "  hint: in_features = 4 would fit"));
}

TEST_CASE("modules in between lend their path", "[nn][layer_trace]") {
  nn::Sequential net{nn::Linear(2, 4), Body()};
  CHECK(lines_of(net, {6, 2}) ==
        "\n    0 Linear(2 -> 4)         (6, 2) -> (6, 4)\n"
        "    1.body.0 Linear(4 -> 3)  -> (6, 3)\n"
        "    1.body.1 ReLU()          -> (6, 3)\n"
        "  > 1.body.2 Linear(5 -> 2)  expects 5 features\n"
        "  hint: in_features = 3 would fit");
  Body alone;
  CHECK(lines_of(alone, {6, 4}) ==
        "\n    body.0 Linear(4 -> 3)  (6, 4) -> (6, 3)\n"
        "    body.1 ReLU()          -> (6, 3)\n"
        "  > body.2 Linear(5 -> 2)  expects 5 features\n"
        "  hint: in_features = 3 would fit");
}

TEST_CASE("a layer inside a module is named by its path", "[nn][layer_trace]") {
  nn::Sequential net{nn::Linear(2, 4), Block()};
  CHECK(lines_of(net, {6, 2}) ==
        "\n    0 Linear(2 -> 4)     (6, 2) -> (6, 4)\n"
        "  > 1.fc Linear(3 -> 3)  fails");
}

TEST_CASE("ids in front are shown, too", "[nn][layer_trace]") {
  nn::Sequential net{nn::Embedding(10, 4), nn::Linear(5, 2)};
  const LongTensor ids = random_integers({2, 7}, 1, 0, 10);
  CHECK(lines_of([&] { net(ids); }) ==
        "\n    0 Embedding(10, 4)  (2, 7) -> (2, 7, 4)\n"
        "  > 1 Linear(5 -> 2)    expects 5 features\n"
        "  hint: in_features = 4 would fit");
}

TEST_CASE("errors of other kinds show no shapes", "[nn][layer_trace]") {
  nn::Sequential net{nn::Linear(2, 2), nn::Lambda([](const Tensor&) -> Tensor {
                       detail::fail<ValueError>("mine", "no");
                     })};
  CHECK(error_of<ValueError>([&] { net(ones({1, 2})); }) == "[mine] no (in layer 1: Lambda())");
}

TEST_CASE("of a long net the last layers are shown", "[nn][layer_trace]") {
  nn::Sequential net;
  for (int i = 0; i < 70; ++i) net.append(nn::Linear(1, 1));
  net.append(nn::Linear(2, 1));
  const std::string lines = lines_of(net, {3, 1});
  CHECK_THAT(lines,
             ContainsSubstring("\n    ... 7 layers\n    7 Linear(1 -> 1)   (3, 1) -> (3, 1)\n"
                               "    8 Linear(1 -> 1)   -> (3, 1)\n"));
  CHECK_THAT(lines, EndsWith("    69 Linear(1 -> 1)  -> (3, 1)\n"
                             "  > 70 Linear(2 -> 1)  expects 2 features\n"
                             "  hint: in_features = 1 would fit"));
}

TEST_CASE("one error after the other shows its own layers", "[nn][layer_trace]") {
  nn::Sequential net{nn::Linear(2, 2), nn::Linear(3, 2)};
  Body nested;
  for (int i = 0; i < 3; ++i) {
    CHECK_THAT(lines_of(net, {1, 2}), EndsWith("> 1 Linear(3 -> 2)  expects 3 features\n  hint: "
                                               "in_features = 2 would fit"));
    CHECK_THAT(lines_of(nested, {1, 4}), ContainsSubstring("> body.2"));
    CHECK_THAT(lines_of(net, {1, 5}), EndsWith("> 0 Linear(2 -> 2)  (1, 5), expects 2 features\n  "
                                               "hint: in_features = 5 would fit"));
  }
}

TEST_CASE("threads that share a net keep their own shapes", "[nn][layer_trace]") {
  nn::Sequential net{nn::Linear(2, 2), nn::Linear(3, 2)};
  std::vector<std::string> said(8);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < said.size(); ++i) {
    threads.emplace_back([&net, &text = said[i], i] { text = lines_of(net, {i + 1, 2}); });
  }
  for (auto& thread : threads) thread.join();
  for (std::size_t i = 0; i < said.size(); ++i) {
    const std::string rows = std::to_string(i + 1);
    CHECK_THAT(said[i],
               ContainsSubstring("(" + rows + ", 2) -> (" + rows + ", 2)\n  > 1 Linear(3 -> 2)"));
  }
}

TEST_CASE("a forward pass without an error allocates nothing", "[nn][layer_trace]") {
  if (!can_count_allocations()) return;
  nn::Sequential net = cnn(64 * 11 * 11);
  net.eval();
  const Tensor x = ones({2, 1, 28, 28});
  for (int i = 0; i < 3; ++i) net(x);
  const AllocationCounter counter;
  for (int i = 0; i < 3; ++i) net(x);
  const auto allocations = counter.count();
  CHECK(allocations == 0);
}
