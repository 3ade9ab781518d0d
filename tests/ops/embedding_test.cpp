#include "tenon/ops/embedding.hpp"

#include "autograd/context.hpp"
#include "ops_support.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/reduce.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

template <class T>
BasicTensor<T> gradient(const LongTensor& ids, const BasicTensor<T>& w, const BasicTensor<T>& dy,
                        std::optional<Index> padding_idx = std::nullopt) {
  Tape tape;
  const auto leaf = tape.watch(w);
  return tape.gradients(embedding(ids, leaf, padding_idx), dy)[leaf];
}

}  // namespace

TEST_CASE("embedding looks up rows, for ids of any shape and layout", "[ops][embedding]") {
  const Tensor w = random_tensor<float>({7, 3}, 1);
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{5}, Shape{2, 3}, Shape{2, 1, 3, 2},
                             Shape{1, 2, 1, 2, 1, 2, 2}, Shape{0}, Shape{2, 0}}) {
    const LongTensor ids = random_integers(shape, 2, 0, 7);
    Shape expected_shape = shape;
    expected_shape.push_back(3);
    for (const auto& i : layouts_of(ids)) {
      for (const auto& table : layouts_of(w)) {
        const Tensor y = embedding(i, table);
        REQUIRE(y.shape() == expected_shape);
        for_each_position(shape, [&](const Shape& p) {
          Shape at = p;
          at.push_back(0);
          for (at[p.rank()] = 0; at[p.rank()] < 3; ++at[p.rank()]) {
            CHECK(value_at(y, at) == value_at(w, {value_at(ids, p), at[p.rank()]}));
          }
        });
      }
    }
  }
}

TEST_CASE("embedding passes gradient checks of first and second order", "[ops][embedding]") {
  const LongTensor ids = tensor<std::int64_t>({{4, 0, 4}, {1, 4, 0}});
  for (const std::optional<Index> padding :
       {std::optional<Index>(), std::optional<Index>(0), std::optional<Index>(-1)}) {
    const auto f = [&](auto& in) { return square(embedding(ids, in[0], padding)); };
    if (!padding) check_gradients_in_all_layouts("embedding", f, {random_tensor({5, 3}, 1)});
    // By hand, since a numeric derivative knows nothing of padding.
    const DoubleTensor dy = random_tensor({2, 3, 3}, 2);
    DoubleTensor expected = zeros<double>({5, 3});
    for_each_position({2, 3, 3}, [&](const Shape& p) {
      const Index id = ids(p[0], p[1]);
      if (padding && id == (*padding + 5) % 5) return;
      expected(id, p[2]) += value_at(dy, p);
    });
    CHECK(max_error(gradient(ids, random_tensor({5, 3}, 1), dy, padding), expected) < 1e-15);
  }
}

TEST_CASE("embedding's padding row has no gradient of any order", "[ops][embedding]") {
  const LongTensor ids = tensor<std::int64_t>({2, 0, 2, 1});
  const DoubleTensor w = random_tensor({3, 2}, 1), dy = random_tensor({4, 2}, 2);
  Tape outer;
  const auto v = outer.watch(dy);
  DoubleTensor dw;
  {
    Tape inner;
    const auto leaf = inner.watch(w);
    dw = inner.gradients(embedding(ids, leaf, 2), v)[leaf];
  }
  const DoubleTensor ddy = outer.gradients(sum(dw * w))[v];
  CHECK(equal(dw[2], zeros<double>({2})));
  CHECK(equal(ddy[0], zeros<double>({2})));
  CHECK(equal(ddy[1], w[0]));
  CHECK(equal(ddy[2], zeros<double>({2})));
  CHECK(equal(ddy[3], w[1]));
  CHECK(equal(embedding(ids, w, 2)[0], w[2]));  // it is looked up like any other
}

TEST_CASE("embedding has a third derivative", "[ops][embedding]") {
  const LongTensor ids = tensor<std::int64_t>({2, 0, 2, 1});
  check_gradients("embedding, third derivative",
                  [&](const std::vector<DoubleTensor>& in) {
                    Tape tape;
                    const auto w = tape.watch(in[0]);
                    const auto y = embedding(ids, w);
                    return tape.gradients(sum(y * y * y))[w];
                  },
                  {random_tensor({3, 2}, 1)});
}

TEST_CASE("A gradient of embedding may come with any strides", "[ops][embedding]") {
  const LongTensor ids = random_integers({3, 4}, 1, 0, 5);
  const Tensor w = random_tensor<float>({5, 6}, 2), dy = random_tensor<float>({3, 4, 6}, 3);
  const Tensor expected = gradient(ids, w, dy);
  for (const auto& layout : layouts_of(dy)) CHECK(same_bits(gradient(ids, w, layout), expected));
  Tape tape;
  const auto leaf = tape.watch(w);
  const Tensor counts = tape.gradients(sum(embedding(ids, leaf)))[leaf];
  CHECK(sum(counts).item() == 72);
}

TEST_CASE("embedding and its gradient have the same bits for every number of threads",
          "[ops][embedding]") {
  const LongTensor ids = random_integers({64, 200}, 1, 0, 3000);
  const Tensor w = random_tensor<float>({3000, 20}, 2), dy = random_tensor<float>({64, 200, 20}, 3);
  CHECK(same_bits_for_all_threads([&] { return embedding(ids, w); }));
  CHECK(same_bits_for_all_threads([&] { return gradient(ids, w, dy, 0); }));
}

TEST_CASE("ids changed after the look-up make the gradient an error", "[ops][embedding]") {
  LongTensor ids = tensor<std::int64_t>({0, 1});
  Tape tape;
  const auto w = tape.watch(random_tensor<float>({2, 2}, 1));
  const Tensor loss = sum(embedding(ids, w));
  ids.fill_(1);
  CHECK_THROWS_AS(tape.gradients(loss), TapeError);
}

TEST_CASE("embedding of a constant table records nothing, a tracked one names its padding",
          "[ops][embedding]") {
  Tape tape;
  embedding(tensor<std::int64_t>({0, 1}), ones({2, 2}));
  CHECK(tape.size() == 0);
  const Tensor y = embedding(tensor<std::int64_t>({0, 1}), tape.watch(ones({2, 2})), -1);
  const detail::Node& node = *detail::tape_context().nodes.back();
  CHECK(std::string(node.op) == "embedding");
  CHECK(std::string(node.attributes->names) == "padding_idx");
  CHECK(node.attributes->values[0] == 1);
}

TEST_CASE("embedding names the id that lies outside of the table", "[ops][embedding][errors]") {
  const Tensor w = ones({10, 2});
  LongTensor ids = zeros<std::int64_t>({2, 6});
  ids(1, 4) = 10;
  CHECK(error_of<IndexError>([&] { embedding(ids, w); }) ==
        "[embedding] ids(1, 4) is 10 but the table has the rows 0 to 9; hint: num_embeddings is "
        "the largest id plus 1; limit the vocabulary, or make the table larger");
  CHECK(error_of<IndexError>([&] { embedding(transposed_storage(ids), w); }) ==
        error_of<IndexError>([&] { embedding(ids, w); }));
  ids(0, 3) = -1;
  CHECK(error_of<IndexError>([&] { embedding(ids, w); }) ==
        "[embedding] ids(0, 3) is -1 but the table has the rows 0 to 9; hint: ids are not "
        "negative: 0 is a good id for padding");
  CHECK(error_of<IndexError>([&] { embedding(LongTensor(tensor<std::int64_t>(INT64_MIN)), w); }) ==
        "[embedding] ids() is -9223372036854775808 but the table has the rows 0 to 9; hint: "
        "ids are not negative: 0 is a good id for padding");
}

TEST_CASE("embedding refuses tables and padding that cannot be", "[ops][embedding][errors]") {
  const LongTensor ids = zeros<std::int64_t>({2});
  CHECK(error_of<ShapeError>([&] { embedding(ids, ones({3})); }) ==
        "[embedding] w must have 2 axes (V, D), a row for each id, but its shape is (3); hint: the "
        "ids come first: embedding(ids, w)");
  CHECK(error_of<IndexError>([&] {
          embedding(ids, ones({3, 2}), 3);
        }) == "[embedding] padding_idx is 3 but the table has 3 rows; hint: 0 is usual");
  CHECK_THROWS_AS(embedding(ids, ones({3, 2}), -4), IndexError);
  CHECK(error_of<ShapeError>([&] {
          embedding(zeros<std::int64_t>(Shape::filled(8, 1)), ones({3, 2}));
        }) ==
        "[embedding] ids have 8 axes already, (1, 1, 1, 1, 1, 1, 1, 1), and the rows' axis "
        "would be one more than a tensor can have; hint: ids.flatten()");
  CHECK_THROWS_AS(embedding(LongTensor(), ones({3, 2})), ValueError);
  CHECK_THROWS_AS(embedding(ids, Tensor()), ValueError);
}
