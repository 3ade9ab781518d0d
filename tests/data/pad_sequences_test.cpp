#include "tenon/data/pad_sequences.hpp"

#include "catch.hpp"
#include "temporary_folder.hpp"
#include "tenon/base/error.hpp"
#include "tenon/tensor/factories.hpp"

using namespace tenon;
using namespace tenon::test;
using data::Side;

namespace {
const std::vector<std::vector<Index>> sequences{{1, 2, 3}, {4}, {}, {5, 6, 7, 8, 9}};
}

TEST_CASE("pad_sequences pads and cuts in front, as Keras' does", "[data][pad_sequences]") {
  CHECK(equal(
      data::pad_sequences(sequences),
      tensor<std::int64_t>({{0, 0, 1, 2, 3}, {0, 0, 0, 0, 4}, {0, 0, 0, 0, 0}, {5, 6, 7, 8, 9}})));
  CHECK(equal(data::pad_sequences(sequences, {.maxlen = 2}),
              tensor<std::int64_t>({{2, 3}, {0, 4}, {0, 0}, {8, 9}})));
}

TEST_CASE("pad_sequences pads and cuts behind where asked to", "[data][pad_sequences]") {
  CHECK(equal(
      data::pad_sequences(sequences, {.maxlen = 4, .padding = Side::post, .value = -1}),
      tensor<std::int64_t>({{1, 2, 3, -1}, {4, -1, -1, -1}, {-1, -1, -1, -1}, {6, 7, 8, 9}})));
  CHECK(equal(data::pad_sequences(sequences, {.maxlen = 2, .truncating = Side::post}),
              tensor<std::int64_t>({{1, 2}, {0, 4}, {0, 0}, {5, 6}})));
}

TEST_CASE("pad_sequences takes numbers too, and no sequence at all", "[data][pad_sequences]") {
  const std::vector<std::vector<float>> numbers{{0.5F}, {1.5F, 2.5F}};
  CHECK(equal(data::pad_sequences(numbers, {.value = 0.25}), tensor({{0.25, 0.5}, {1.5, 2.5}})));
  CHECK(data::pad_sequences(std::vector<std::vector<double>>()).shape() == Shape{0, 0});
  CHECK(data::pad_sequences(sequences, {.maxlen = 0}).shape() == Shape{4, 0});
  CHECK(message_of<ValueError>([] { data::pad_sequences(sequences, {.maxlen = -1}); }) ==
        "[pad_sequences] maxlen is -1; hint: unset it to keep the longest sequence whole");
}
