#include <thread>

#include "catch.hpp"
#include "training_support.hpp"

using namespace tenon;
using test::train;

TEST_CASE("training gives the same bits at 1, 2, 3 and 8 threads", "[invariants][bits]") {
  std::uint64_t expected = 0;
  {
    const ThreadScope one(1);
    expected = train(1);
  }
  for (const int threads : {1, 2, 3, 8}) {
    CAPTURE(threads);
    const ThreadScope scope(threads);
    REQUIRE(train(1) == expected);
  }
}

TEST_CASE("another seed gives other bits", "[invariants][bits]") { REQUIRE(train(1) != train(2)); }

TEST_CASE("prefetching changes no bit", "[invariants][bits]") {
  REQUIRE(train(3, 0) == train(3, 2));
}

TEST_CASE("two models trained in two threads get the bits they get alone",
          "[invariants][bits][threads]") {
  const std::uint64_t alone[] = {train(5), train(6)};
  std::uint64_t together[2] = {};
  std::thread first([&] { together[0] = train(5); });
  std::thread second([&] { together[1] = train(6); });
  first.join();
  second.join();
  REQUIRE(together[0] == alone[0]);
  REQUIRE(together[1] == alone[1]);
}

TEST_CASE("one network serves two threads at once", "[invariants][bits][threads]") {
  manual_seed(1);
  nn::Sequential net = test::small_cnn();
  net.eval();
  const Tensor x = rand({8, 1, 14, 14});
  const Tensor expected = net(x);
  bool same[2] = {true, true};
  const auto serve = [&](bool& result) {
    for (int i = 0; i < 20; ++i) result = result && equal(net(x), expected);
  };
  std::thread first([&] { serve(same[0]); }), second([&] { serve(same[1]); });
  first.join();
  second.join();
  REQUIRE(same[0]);
  REQUIRE(same[1]);
}
