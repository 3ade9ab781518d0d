#include "tenon/nn/embedding_bag.hpp"

#include "nn_support.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/embedding.hpp"
#include "tenon/ops/index.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

using Options = BasicEmbeddingBagOptions<double>;

LongTensor longs(std::initializer_list<detail::Nested<std::int64_t>> values) {
  return tensor<std::int64_t>(values);
}

const DoubleTensor table = random_tensor({6, 3}, 1);
const LongTensor ids = longs({1, 2, 2, 5, 0, 4, 1}), offsets = longs({0, 3, 3, 6});

/// One bag by hand; undefined weights are 1.
DoubleTensor bag_of(const LongTensor& of, BagMode mode) {
  if (of.numel() == 0) return zeros<double>({3});
  const auto rows = embedding(of, table);
  return mode == BagMode::sum    ? sum(rows, {0})
         : mode == BagMode::mean ? mean(rows, {0})
                                 : max(rows, 0).values;
}

}  // namespace

TEST_CASE("embedding_bag is a reduction of each bag's rows", "[nn][embedding_bag]") {
  for (BagMode mode : {BagMode::sum, BagMode::mean, BagMode::max}) {
    const auto y = embedding_bag(ids, table, offsets, {.mode = mode});
    CHECK(y.shape() == Shape{4, 3});
    CHECK(max_error(y[0], bag_of(longs({1, 2, 2}), mode)) < 1e-15);
    CHECK(equal(y[1], zeros<double>({3})));
    CHECK(max_error(y[2], bag_of(longs({5, 0, 4}), mode)) < 1e-15);
    CHECK(max_error(y[3], bag_of(longs({1}), mode)) < 1e-15);
    const auto square = longs({{1, 2}, {5, 5}});
    CHECK(same_bits(embedding_bag(square, table, Options{.mode = mode}),
                    embedding_bag(square.flatten(), table, longs({0, 2}), {.mode = mode})));
    CHECK(same_bits(embedding_bag(ids, table, longs({0, 3, 3, 6, 7}),
                                  {.mode = mode, .include_last_offset = true}),
                    y));
    for (const auto& layout : layouts_of(table)) {
      CHECK(same_bits(
          embedding_bag(sliced_storage(ids), layout, sliced_storage(offsets), {.mode = mode}), y));
    }
    check_gradients("embedding_bag",
                    [&](auto& in) { return embedding_bag(ids, in[0], offsets, {.mode = mode}); },
                    {table});
  }
}

TEST_CASE("The row of padding counts for nothing in a bag", "[nn][embedding_bag]") {
  for (BagMode mode : {BagMode::sum, BagMode::mean, BagMode::max}) {
    for (Index padding : {2, -4}) {
      const Options options{.mode = mode, .padding_idx = padding};
      const auto y = embedding_bag(longs({{1, 2, 5}, {2, 2, 2}}), table, options);
      CHECK(max_error(y[0], bag_of(longs({1, 5}), mode)) < 1e-15);
      CHECK(equal(y[1], zeros<double>({3})));
      Tape tape;
      const auto w = tape.watch(table);
      const auto dw =
          tape.gradients(sum(embedding_bag(longs({{1, 2, 5}, {2, 2, 2}}), w, options)))[w];
      CHECK(equal(dw[2], zeros<double>({3})));
      CHECK(sum(dw).item() == Approx(mode == BagMode::sum ? 6 : 3));
    }
  }
}

TEST_CASE("Rows of a bag can have weights", "[nn][embedding_bag]") {
  const auto weights = random_tensor({7}, 2);
  const auto y = embedding_bag(
      ids, table, offsets, {.mode = BagMode::sum, .padding_idx = 2, .per_sample_weights = weights});
  CHECK(max_error(y[0], table[1] * weights(0)) < 1e-15);
  CHECK(max_error(y[2], table[5] * weights(3) + table[0] * weights(4) + table[4] * weights(5)) <
        1e-15);
  check_gradients("embedding_bag",
                  [&](auto& in) {
                    return embedding_bag(ids, in[0], offsets,
                                         {.mode = BagMode::sum, .per_sample_weights = in[1]});
                  },
                  {table, weights});
}

TEST_CASE("NaN wins in the maximum of a bag, and empty inputs give empty results",
          "[nn][embedding_bag]") {
  auto w = table.clone();
  w(2, 1) = std::nan("");
  const auto y = embedding_bag(longs({{1, 2, 5}}), w, Options{.mode = BagMode::max});
  CHECK(std::isnan(y(0, 1)));
  CHECK_FALSE(std::isnan(y(0, 0)));
  for (BagMode mode : {BagMode::sum, BagMode::mean, BagMode::max}) {
    CHECK(embedding_bag(LongTensor::empty({0, 4}), table, Options{.mode = mode}).shape() ==
          Shape{0, 3});
    CHECK(equal(embedding_bag(LongTensor::empty({0}), table, longs({0, 0}), {.mode = mode}),
                zeros<double>({2, 3})));
    CHECK(embedding_bag(LongTensor::empty({0}), table, LongTensor::empty({0}), {.mode = mode})
              .shape() == Shape{0, 3});
  }
}

TEST_CASE("embedding_bag has the same bits at any number of threads", "[nn][embedding_bag]") {
  const auto many = random_integers({50, 33}, 3, 0, 40);
  const auto w = random_tensor<float>({40, 19}, 4);
  for (BagMode mode : {BagMode::sum, BagMode::mean, BagMode::max}) {
    CHECK(same_bits_for_all_threads([&] {
      Tape tape;
      const auto leaf = tape.watch(w);
      const auto y = embedding_bag(many, leaf, BasicEmbeddingBagOptions<float>{.mode = mode});
      return tape.gradients(sum(y * y))[leaf];
    }));
  }
}

TEST_CASE("EmbeddingBag takes bags, offsets, lengths and weights", "[nn][embedding_bag]") {
  manual_seed(1);
  nn::EmbeddingBag bag(6, 3, {.mode = BagMode::sum, .padding_idx = 0});
  CHECK(bag.description() == "EmbeddingBag(6, 3, sum, padding_idx 0)");
  CHECK(equal(bag.weight[0], zeros({3})));
  const auto sequences = longs({{1, 2, 3}, {4, 5, 5}});
  const auto expected = embedding_bag(longs({1, 2, 4, 5, 5}), static_cast<Tensor>(bag.weight),
                                      longs({0, 2}), {.mode = BagMode::sum});
  CHECK(same_bits(bag(sequences, longs({2, 3})), expected));
  CHECK(same_bits(bag(longs({1, 2, 4, 5, 5}), longs({0, 2})), expected));
  CHECK(same_bits(bag(longs({1, 2, 4, 5, 5}), longs({0, 2}), ones({5})), expected));
  nn::Sequential net{nn::clone(bag), nn::Linear(3, 2)};
  CHECK(net(sequences).shape() == Shape{2, 2});
  CHECK(nn::count_parameters(net) == 18 + 8);
  CHECK(error_of<ShapeError>([&] {
          bag(sequences, longs({0, 2, 2}));
        }).find("want lengths") != std::string::npos);
  CHECK(error_of<ValueError>([&] { bag(ones({2, 2})); }).find("LongTensor") != std::string::npos);
  CHECK_THROWS_AS(nn::EmbeddingBag(0, 3), ValueError);
  CHECK_THROWS_AS(nn::EmbeddingBag(3, 3, {.padding_idx = 3}), IndexError);
}

TEST_CASE("embedding_bag explains what does not fit", "[nn][embedding_bag]") {
  CHECK(error_of<ShapeError>([&] { embedding_bag(ids, table); }) ==
        "[embedding_bag] ids must have shape (B, L), or (n) with offsets (B), but have (7); hint: "
        "offsets name the beginning of each bag");
  CHECK(error_of<ShapeError>([&] { embedding_bag(longs({{1}}), table, longs({0})); }) ==
        "[embedding_bag] with offsets, ids must have shape (n) and offsets (B), not (1, 1) and "
        "(1); hint: ids (B, L) want no offsets");
  const auto offset_error = [&](const LongTensor& of, bool last = false) {
    return error_of<ValueError>(
        [&] { embedding_bag(ids, table, of, {.include_last_offset = last}); });
  };
  CHECK(offset_error(longs({1, 3})) ==
        "[embedding_bag] offsets(0) is 1 but offsets must begin with 0, not decrease, and end with "
        "7, the number of ids; hint: sums of the lengths before each bag");
  CHECK(offset_error(longs({0, 4, 3})).find("offsets(2) is 3") != std::string::npos);
  CHECK(offset_error(longs({0, 8})).find("offsets(1) is 8") != std::string::npos);
  CHECK(offset_error(longs({0, 3, 6}), true).find("the end of the last bag is 6") !=
        std::string::npos);
  CHECK(offset_error(LongTensor::empty({0}), true).find("offsets are empty") != std::string::npos);
  CHECK(error_of<IndexError>([&] {
          embedding_bag(longs({{0, 6}}), table);
        }) ==
        "[embedding_bag] ids(0, 1) is 6 but the table has the rows 0 to 5; hint: num_embeddings is "
        "the largest id plus 1");
  CHECK_THROWS_AS(embedding_bag(longs({{-1}}), table), IndexError);
  CHECK(error_of<IndexError>([&] {
          embedding_bag(longs({{0}}), table, Options{.padding_idx = 6});
        }) == "[embedding_bag] padding_idx is 6 but the table has 6 rows; hint: 0 is usual");
  CHECK(error_of<ValueError>([&] {
          embedding_bag(longs({{0}}), table, Options{.per_sample_weights = ones<double>({1, 1})});
        }) ==
        "[embedding_bag] per_sample_weights are only for BagMode::sum; hint: a weighted mean is a "
        "weighted sum divided by the sum of the weights");
  CHECK_THROWS_AS(
      embedding_bag(longs({{0}}), table,
                    Options{.mode = BagMode::sum, .per_sample_weights = ones<double>({1})}),
      ShapeError);
  CHECK_THROWS_AS(embedding_bag(longs({{0}}), zeros<double>({3})), ShapeError);
}
