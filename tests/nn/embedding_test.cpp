#include "tenon/nn/embedding.hpp"

#include <cmath>
#include <type_traits>

#include "allocation_counter.hpp"
#include "nn_support.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/nn/init.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/embedding.hpp"
#include "tenon/optim/adagrad.hpp"
#include "tenon/optim/adam.hpp"

using namespace tenon;
using namespace tenon::test;

static_assert(std::is_nothrow_move_constructible_v<nn::Embedding> &&
              std::is_nothrow_move_assignable_v<nn::Embedding>);

namespace {

/// A model of ids: the mean of the words' rows, then a linear layer.
struct BagOfWords : nn::Module {
  nn::Embedding words{50, 4, {.padding_idx = 0}};
  nn::Linear out{4, 1};

  Tensor forward_ids(const LongTensor& ids) override { return out(mean(words(ids), {1})); }
  void visit(nn::Visitor& v) override {
    v("words", words);
    v("out", out);
  }
};

}  // namespace

TEST_CASE("Embedding starts as PyTorch's does", "[nn][embedding]") {
  manual_seed(1);
  nn::Embedding layer(300, 200);
  CHECK(layer.weight.shape() == Shape{300, 200});
  CHECK(std::abs(mean(layer.weight).item()) < 0.02);
  CHECK(mean(layer.weight * layer.weight).item() == Approx(1).epsilon(0.02));
  CHECK_FALSE(layer.padding_idx().has_value());
  nn::Embedding padded(5, 3, {.padding_idx = -2});
  CHECK(padded.padding_idx() == 3);
  CHECK(equal(padded.weight[3], zeros({3})));
  CHECK_FALSE(equal(padded.weight[2], zeros({3})));
  CHECK(layer.description() == "Embedding(300, 200)");
  CHECK(padded.description() == "Embedding(5, 3, padding_idx 3)");
}

TEST_CASE("init::keras starts an Embedding uniform in +-0.05", "[nn][embedding][init]") {
  manual_seed(2);
  nn::Sequential net{nn::Embedding(100, 100, {.padding_idx = 7}), nn::Linear(100, 1)};
  nn::init::keras(net);
  const auto& w = net.get<nn::Embedding>(0).weight;
  const float largest = max(abs(w)).item();
  CHECK(largest <= 0.05F);
  CHECK(largest > 0.049F);
  CHECK(mean(w * w).item() == Approx(0.05 * 0.05 / 3).epsilon(0.05));
  CHECK(equal(w[7], zeros({100})));
}

TEST_CASE("Embedding is called with ids, alone and in front of other layers", "[nn][embedding]") {
  manual_seed(3);
  nn::Embedding layer(10, 3);
  const LongTensor ids = tensor<std::int64_t>({{1, 9, 0}, {1, 1, 1}});
  CHECK(same_bits(layer(ids), embedding(ids, Tensor(layer.weight))));
  nn::Sequential net{nn::Embedding(10, 3), nn::Linear(3, 2), nn::ReLU()};
  CHECK(net(ids).shape() == Shape{2, 3, 2});
  nn::Sequential nested{nn::Sequential{nn::Embedding(10, 3)}, nn::Linear(3, 2)};
  CHECK(nested(ids).shape() == Shape{2, 3, 2});
  nn::BasicEmbedding<double> other(10, 3);
  CHECK(other(ids).dtype() == DType::float64);
}

TEST_CASE("an Embedding trains its rows but the one of padding", "[nn][embedding]") {
  manual_seed(4);
  BagOfWords net;
  const Tensor before = net.words.weight.clone();
  const LongTensor ids = tensor<std::int64_t>({{3, 7, 0, 0}, {7, 9, 11, 0}});
  optim::Adagrad adagrad(net, {.lr = 0.1});
  for (int i = 0; i < 3; ++i) {
    Tape tape;
    const Tensor y = net(ids);
    adagrad.step(tape.gradients(sum(y * y)));
  }
  for (Index row = 0; row < 50; ++row) {
    const bool is_met = row == 3 || row == 7 || row == 9 || row == 11;
    CHECK(same_bits(net.words.weight[row], before[row]) != is_met);
  }
}

TEST_CASE("an Embedding trains to the same bits at every number of threads", "[nn][embedding]") {
  CHECK(same_bits_for_all_threads([] {
    manual_seed(6);
    nn::Embedding layer(3000, 20);
    optim::Adam adam(layer, {.lr = 0.1});
    for (std::uint64_t step = 0; step < 3; ++step) {
      Tape tape;
      const Tensor y = layer(random_integers({4000}, step, 0, 3000));
      adam.step(tape.gradients(sum(y * y)));
    }
    return layer.weight.clone();
  }));
}

TEST_CASE("a copied Embedding has rows of its own and keeps its padding", "[nn][embedding]") {
  nn::Embedding layer(4, 2, {.padding_idx = 1});
  nn::Embedding copy = layer;
  copy.weight.fill_(5);
  CHECK(layer.weight(1, 0) == 0);
  CHECK(copy.padding_idx() == 1);
  const nn::Embedding moved = std::move(copy);
  CHECK(moved.weight(0, 0) == 5);
  CHECK(copy.description() == "Embedding(moved from)");
}

TEST_CASE("training with an Embedding allocates nothing once warm", "[nn][embedding]") {
  if (!can_count_allocations()) TENON_TEST_SKIP("the sanitizer has its own allocator");
  manual_seed(5);
  BagOfWords net;
  optim::Adam adam(net);
  const LongTensor ids = random_integers({16, 12}, 1, 0, 50);
  const auto step = [&] {
    Tape tape;
    const Tensor y = net(ids);
    adam.step(tape.gradients(sum(y * y)));
  };
  step();
  step();
  const AllocationCounter counter;
  const std::size_t from_system = memory_stats().system_allocations;
  for (int i = 0; i < 20; ++i) step();
  const std::size_t counted = counter.count();
  CHECK(counted == 0);
  CHECK(memory_stats().system_allocations == from_system);
}

TEST_CASE("Embedding says what it cannot do", "[nn][embedding][errors]") {
  CHECK(error_of<ValueError>([] { nn::Embedding(0, 4); }) ==
        "[Embedding] num_embeddings and embedding_dim must be at least 1, not 0 and 4; hint: "
        "nn::Embedding(size of the vocabulary, values a word)");
  CHECK(error_of<IndexError>([] { nn::Embedding(5, 4, {.padding_idx = 5}); }) ==
        "[Embedding] padding_idx is 5 but the table has only 5 rows; hint: 0 is usual, -1 is the "
        "last row");
  CHECK_THROWS_AS(nn::Embedding(5, 4, {.padding_idx = -6}), IndexError);
  BagOfWords net;
  CHECK(error_of<IndexError>([&] {
          net(tensor<std::int64_t>({{1, 50}}));
        }) ==
        "[embedding] ids(0, 1) is 50 but the table has the rows 0 to 49; hint: num_embeddings is "
        "the largest id plus 1; limit the vocabulary, or make the table larger (in layer words: "
        "Embedding(50, 4, padding_idx 0))");
  nn::Embedding layer(5, 4);
  CHECK(error_of<ValueError>([&] {
          layer(ones({2, 3}));
        })
            .find("[Embedding] it takes int64 ids, a LongTensor, not real numbers; hint: convert "
                  "with x.to<std::int64_t>(), and in a model override forward_ids(const "
                  "LongTensor&) instead of forward()") == 0);
}
