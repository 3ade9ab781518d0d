#include "tenon/nn/positions.hpp"

#include "allocation_counter.hpp"
#include "nn_support.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/positions.hpp"

using namespace tenon;
using namespace tenon::test;

TEST_CASE("SinusoidalPositions adds its table and has nothing to train", "[nn][positions]") {
  nn::SinusoidalPositions positions(10, 4);
  const Tensor x = random_tensor<float>({2, 7, 4}, 1);
  CHECK(same_bits(positions(x), x + sinusoidal_positions(7, 4)));
  CHECK(same_bits(positions(x, 3), x + sinusoidal_positions(7, 4, 3)));
  CHECK(same_bits(positions(x[0]), positions(x)[0]));
  CHECK(positions(zeros({2, 0, 4})).shape() == Shape{2, 0, 4});
  CHECK(nn::named_tensors(positions).empty());
  CHECK(positions.description() == "SinusoidalPositions(10, 4)");
  const nn::SinusoidalPositions copy = positions;
  CHECK(same_bits(copy(x, 0), positions(x)));
}

TEST_CASE("LearnedPositions adds its rows and trains them", "[nn][positions]") {
  manual_seed(1);
  nn::LearnedPositions positions(5, 3);
  CHECK(positions.weight.shape() == Shape{5, 3});
  CHECK(positions.description() == "LearnedPositions(5, 3)");
  const Tensor x = random_tensor<float>({2, 4, 3}, 1);
  CHECK(same_bits(positions(x), x + positions.weight.narrow(0, 0, 4)));
  CHECK(same_bits(positions(x.narrow(1, 1, 1), 1), positions(x).narrow(1, 1, 1)));

  Tape tape;
  const Tensor leaf = tape.watch(x), dy = random_tensor<float>({2, 4, 3}, 2);
  const Gradients g = tape.gradients(positions(leaf, 1), dy);
  CHECK(same_bits(g[leaf], dy));
  CHECK(equal(g[positions.weight], cat({zeros({1, 3}), dy[0] + dy[1]})));

  nn::LearnedPositions copy = positions;
  copy.weight.fill_(0);
  CHECK(equal(copy(x), x));
  CHECK_FALSE(equal(positions(x), x));
}

TEST_CASE("positions allocate nothing once warm", "[nn][positions]") {
  if (!can_count_allocations()) TENON_TEST_SKIP("the sanitizer has its own allocator");
  nn::LearnedPositions learned(50, 16);
  nn::SinusoidalPositions sinusoidal(50, 16);
  const Tensor x = rand({8, 40, 16});
  const auto run = [&] {
    Tape tape;
    return tape.gradients(sinusoidal(learned(x)), x)[learned.weight];
  };
  for (int i = 0; i < 3; ++i) run();
  const AllocationCounter counter;
  run();
  CHECK(counter.count() == 0);
}

TEST_CASE("layers of positions say what is wrong", "[nn][positions][errors]") {
  CHECK(error_of<ValueError>([] { nn::SinusoidalPositions(0, 4); }) ==
        "[SinusoidalPositions] max_length and embedding_dim must be at least 1, not 0 and 4; hint: "
        "nn::SinusoidalPositions(longest sequence, size of the model)");
  CHECK(error_of<ValueError>([] { nn::LearnedPositions(4, -1); }) ==
        "[LearnedPositions] max_length and embedding_dim must be at least 1, not 4 and -1; hint: "
        "nn::LearnedPositions(longest sequence, size of the model)");
  CHECK_THROWS_AS(nn::SinusoidalPositions(4, 3), ValueError);
  nn::LearnedPositions learned(5, 4);
  nn::SinusoidalPositions sinusoidal(5, 4);
  CHECK(
      error_of<IndexError>([&] {
        learned(zeros({2, 4, 4}), 2);
      }) ==
      "[LearnedPositions] positions 2 to 5 are asked for but there are only 0 to 4; hint: cut the "
      "sequences, or make the layer with a larger max_length");
  CHECK(error_of<IndexError>([&] {
          sinusoidal(zeros({6, 4}), 0);
        }) ==
        "[SinusoidalPositions] positions 0 to 5 are asked for but there are only 0 to 4; hint: cut "
        "the sequences, or make the layer with a larger max_length");
  CHECK_THROWS_AS(learned(zeros({2, 4}), -1), IndexError);
  CHECK(error_of<ShapeError>([&] {
          learned(zeros({2, 4, 3}), 0);
        }) ==
        "[LearnedPositions] x must have shape (..., L, E=4) but has (2, 4, 3); hint: positions are "
        "added behind the embedding, to the vectors of the steps");
  CHECK_THROWS_AS(sinusoidal(zeros({4}), 0), ShapeError);
  CHECK(error_of<ValueError>([&] { learned(Tensor(), 0); }) == "[LearnedPositions] x is undefined");
}
