// The code of docs/reference/, compiled and run.

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <tenon/tenon.hpp>

#include "catch.hpp"
#include "ops_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

// [containers-struct]
struct TwoHeads : nn::Module {
  nn::Sequential body{nn::Linear(8, 16), nn::ReLU()};
  nn::ModuleDict heads;
  std::string head = "digit";

  TwoHeads() { heads.insert("digit", nn::Linear(16, 10)).insert("colour", nn::Linear(16, 3)); }
  Tensor forward(const Tensor& x) override { return heads[head](body(x)); }
  void visit(nn::Visitor& v) override {
    v("body", body);
    v("heads", heads);
  }
};
// [/containers-struct]

LongTensor longs(std::initializer_list<detail::Nested<std::int64_t>> values) {
  return tensor<std::int64_t>(values);
}

}  // namespace

TEST_CASE("losses.md: functions", "[docs]") {
  const Tensor logits = random_tensor<float>({4, 3}, 1), x = random_tensor<float>({4}, 2);
  const Tensor target = zeros({4}), scores = zeros({4, 2}), truth = ones({4, 2});
  const LongTensor labels = longs({0, 1, 2, 1});
  // [losses]
  Tensor loss = cross_entropy(logits, labels, {.label_smoothing = 0.1});
  Tensor each = huber_loss(x, target, {.reduction = Reduction::none, .delta = 0.5});
  // [/losses]
  CHECK(loss.rank() == 0);
  CHECK(each.shape() == Shape{4});
  // [weights]
  Tensor weighted = cross_entropy(logits, labels, tensor({1, 1, 10}), {.ignore_index = 0});
  Tensor answers = binary_cross_entropy_with_logits(scores, truth, {.pos_weight = tensor({3, 1})});
  nn::CrossEntropyLoss object{.options = {.label_smoothing = 0.1}, .weight = tensor({1, 1, 10})};
  // [/weights]
  CHECK(weighted.item() > 0);
  CHECK(answers.item() == Approx(2 * std::log(2.0)));
  CHECK(object(logits, labels).item() > 0);
}

TEST_CASE("losses.md: several outputs and inputs", "[docs]") {
  nn::Linear net(3, 2);
  const Tensor inputs = random_tensor<float>({4, 3}, 1), target = zeros({4});
  {
    // [gaussian]
    Tensor y = net(inputs);  // (N, 2): a mean, and the logarithm of a variance
    Tensor loss = gaussian_nll_loss(y.select(1, 0), target, exp(y.select(1, 1)));
    // [/gaussian]
    CHECK(std::isfinite(loss.item()));
  }
  const Tensor anchors = inputs, positives = inputs, negatives = ones({4, 3});
  // [triplet]
  nn::TripletMarginLoss loss{{.margin = 0.5}};
  Tensor y = loss(net(anchors), net(positives), net(negatives));
  // [/triplet]
  CHECK(std::isfinite(y.item()));
}

TEST_CASE("losses.md: ctc_loss", "[docs]") {
  nn::Linear net(3, 5);
  const Tensor frames = random_tensor<float>({2, 6, 3}, 1);
  const LongTensor words = longs({{1, 2}, {3, 0}}), frame_counts = longs({6, 4});
  const LongTensor word_lengths = longs({2, 1});
  // [ctc]
  Tensor y = log_softmax(net(frames), 2).transpose(0, 1);  // (N, T, C) to (T, N, C)
  Tensor loss = ctc_loss(y, words, frame_counts, word_lengths, {.zero_infinity = true});
  // [/ctc]
  CHECK(loss.item() > 0);
}

TEST_CASE("initialisation.md", "[docs]") {
  nn::Conv2d conv(3, 8, 3);
  nn::Linear fc(8, 4);
  // [init]
  nn::init::kaiming_normal_(conv.weight, {.fan = nn::init::Fan::out});
  nn::init::xavier_uniform_(fc.weight, nn::init::calculate_gain(nn::init::Nonlinearity::tanh));
  nn::init::trunc_normal_(fc.weight, {.std = 0.02, .a = -0.04, .b = 0.04});
  nn::init::zeros_(fc.bias);
  // [/init]
  CHECK(max(abs(fc.weight)).item() <= 0.04F);
}

TEST_CASE("layers.md: containers and bags", "[docs]") {
  TwoHeads net;
  CHECK(net(ones({2, 8})).shape() == Shape{2, 10});
  CHECK(io::state_dict(net).contains("heads.digit.bias"));
  const LongTensor ids = longs({3, 5, 0, 9}), offsets = longs({0, 3});
  // [bag]
  nn::EmbeddingBag bag(1000, 16, {.mode = BagMode::mean, .padding_idx = 0});
  Tensor y = bag(ids, offsets);  // ids (n), a bag from each offset on
  // [/bag]
  CHECK(y.shape() == Shape{2, 16});
}

TEST_CASE("layers.md: summary", "[docs]") {
  // [summary]
  nn::Sequential net{nn::Conv2d(1, 8, 3, {.padding = 1}),
                     nn::BatchNorm2d(8),
                     nn::ReLU(),
                     nn::MaxPool2d(2),
                     nn::Flatten(),
                     nn::Linear(1568, 10)};
  const nn::ModelSummary found = summary(net, {1, 1, 28, 28});
  std::ostringstream out;
  out << found;  // the table
  const Index largest = found.layers[6].parameters;
  // [/summary]
  CHECK(largest == 15690);
  std::ifstream page(TENON_TEST_DATA_DIR "/../../docs/reference/layers.md");
  const std::string text{std::istreambuf_iterator<char>(page), {}};
  CAPTURE(out.str());
  CHECK(text.find(out.str()) != std::string::npos);
}
