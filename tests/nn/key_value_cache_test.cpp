#include "tenon/nn/key_value_cache.hpp"

#include "nn_support.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/nn/multihead_attention.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

/// Attention of x in pieces of these lengths through one cache.
DoubleTensor in_pieces(nn::BasicMultiheadAttention<double>& attention,
                       nn::BasicKeyValueCache<double>& cache, const DoubleTensor& x,
                       std::initializer_list<Index> lengths) {
  std::vector<DoubleTensor> pieces;
  Index first = 0;
  for (const Index length : lengths) {
    pieces.push_back(attention(x.narrow(1, first, length), cache));
    first += length;
  }
  return cat(pieces, 1);
}

}  // namespace

TEST_CASE("self-attention step by step is causal attention of all steps",
          "[nn][key_value_cache][tiny]") {
  manual_seed(1);
  const auto x = random_tensor({3, 6, 8}, 1);
  for (const Index kv_heads : {4, 2}) {
    nn::BasicMultiheadAttention<double> attention(8, 4, {.num_kv_heads = kv_heads});
    const auto whole = attention(x, {.causal = true});
    nn::BasicKeyValueCache<double> cache(9);
    CHECK(max_error(in_pieces(attention, cache, x, {1, 1, 1, 1, 1, 1}), whole) <= 1e-14);
    CHECK(cache.length() == 6);
    cache.clear();
    CHECK(max_error(in_pieces(attention, cache, x, {3, 1, 2}), whole) <= 1e-14);
    cache.clear();  // another batch size
    const auto one = x.narrow(0, 1, 1);
    CHECK(max_error(in_pieces(attention, cache, one, {2, 4}), whole.narrow(0, 1, 1)) <= 1e-14);
    // One step of one sample, for which all strides but one say nothing.
    cache.clear();
    CHECK(max_error(attention(one.narrow(1, 0, 1), cache), attention(one.narrow(1, 0, 1))) <=
          1e-14);
  }
}

TEST_CASE("a cache keeps the keys and values of cross-attention", "[nn][key_value_cache]") {
  manual_seed(1);
  nn::BasicMultiheadAttention<double> attention(8, 4);
  const auto x = random_tensor({3, 6, 8}, 1), memory = random_tensor({3, 5, 8}, 2);
  const BasicAttentionOptions<double> padded{.key_lengths = tensor<std::int64_t>({5, 2, 4})};
  const auto whole = attention(x, memory, padded);
  nn::BasicKeyValueCache<double> cache;
  for (Index i = 0; i < 6; ++i) {
    const auto given = i == 0 ? memory : zeros<double>({3, 5, 8});  // not looked at again
    CHECK(max_error(attention(x.narrow(1, i, 1), given, cache, padded), whole.narrow(1, i, 1)) <=
          1e-14);
  }
  CHECK(cache.length() == 5);
  CHECK(cache.max_length() == 5);
}

TEST_CASE("a cache goes on with selected samples", "[nn][key_value_cache]") {
  manual_seed(1);
  nn::BasicMultiheadAttention<double> attention(8, 2);
  const auto x = random_tensor({3, 4, 8}, 1);
  const auto samples = tensor<std::int64_t>({2, 0, 2, 1});
  std::vector<DoubleTensor> rows;
  for (Index i = 0; i < 4; ++i) rows.push_back(x.select(0, samples(i)));
  const auto chosen = stack(rows);
  nn::BasicKeyValueCache<double> cache(4);
  cache.select(samples);  // nothing there yet
  in_pieces(attention, cache, x, {1, 2});
  cache.select(samples);
  CHECK(max_error(attention(chosen.narrow(1, 3, 1), cache),
                  attention(chosen, {.causal = true}).narrow(1, 3, 1)) <= 1e-14);
}

TEST_CASE("decoding takes no memory once it has decoded as many steps", "[nn][key_value_cache]") {
  manual_seed(1);
  nn::MultiheadAttention attention(8, 2);
  const Tensor x = randn({3, 1, 8});
  nn::KeyValueCache cache(50);
  const auto decode = [&] {
    cache.clear();
    for (int i = 0; i < 50; ++i) attention(x, cache);
  };
  decode();
  decode();
  const auto before = memory_stats();
  decode();
  CHECK(memory_stats().system_allocations == before.system_allocations);
  CHECK(memory_stats().live_bytes == before.live_bytes);
}

TEST_CASE("a cache says what is wrong", "[nn][key_value_cache][errors]") {
  CHECK(error_of<ValueError>([] { nn::KeyValueCache(-1); }) ==
        "[KeyValueCache] max_length must be at least 0, not -1; hint: the largest number of steps "
        "of a sequence");
  nn::KeyValueCache cache(3);
  cache.append(zeros({2, 2, 4}));
  CHECK(error_of<ValueError>([&] {
          cache.append(zeros({2, 2, 4}));
        }) ==
        "[KeyValueCache] there is room for 3 steps, of which 2 are taken, but 2 more came; hint: "
        "give the cache a larger max_length, or clear() it before a new sequence");
  CHECK(error_of<ShapeError>([&] {
          cache.append(zeros({1, 1, 4}));
        }) ==
        "[KeyValueCache] steps (N=1, L=1, F=4) do not continue those of 2 samples and 4 features; "
        "hint: clear() before a new batch, and one cache for each attention layer");
  CHECK_THROWS_AS(cache.append(zeros({2, 1, 6})), ShapeError);
  CHECK(error_of<IndexError>([&] {
          cache.select(tensor<std::int64_t>({0, 2}));
        }) ==
        "[KeyValueCache] there is no sample 2 among 2; hint: samples[1] is the one that sample 1 "
        "goes on with");
  CHECK(error_of<ShapeError>([&] {
          cache.select(LongTensor::empty({2, 1}));
        }) ==
        "[KeyValueCache] samples must be a list (N) but has shape (2, 1); hint: samples[i] is the "
        "one that sample i goes on with");
  CHECK(cache.length() == 2);
  Tape tape;
  CHECK(error_of<TapeError>([&] {
          cache.append(zeros({2, 1, 4}));
        }) ==
        "[KeyValueCache] keys and values in a cache are constants, so that gradients through it "
        "would be wrong; hint: decode without a tape (NoTape guard;), and train on whole sequences "
        "with .causal = true");
}
