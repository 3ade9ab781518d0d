// Prepacked weights: the same bits, for as long as the weights are the same.

#include "tenon/nn/prepack.hpp"

#include <algorithm>
#include <thread>

#include "allocation_counter.hpp"
#include "nn_support.hpp"
#include "temporary_folder.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/io/state_dict.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;

namespace {

/// Few channels, Winograd's transforms, 1x1, groups.
template <class T = float>
nn::BasicSequential<T> net_in_eval(std::uint64_t seed = 1) {
  using Conv = nn::BasicConv2d<T>;
  manual_seed(seed);
  nn::BasicSequential<T> net{Conv(1, 16, 3),
                             nn::BasicReLU<T>(),
                             Conv(16, 32, 3),
                             nn::BasicMaxPool2d<T>(2),
                             Conv(32, 8, 1),
                             nn::BasicReLU<T>(),
                             Conv(8, 12, 3, {.groups = 2})};
  net.eval();
  return net;
}

Tensor images(Index n = 1, Index size = 20) { return random_tensor<float>({n, 1, size, size}, 7); }

/// Whether a net gives what a copy of it does, which has nothing packed.
bool is_as_unpacked(nn::Sequential& net, const Tensor& x) {
  nn::Sequential copy = net;
  return same_bits(net(x), copy(x));
}

std::size_t live_bytes() { return memory_stats().live_bytes; }
/// The pool may round a block up; what the net packs is forty times as much.
bool is_about(std::size_t a, std::size_t b) { return std::max(a, b) - std::min(a, b) <= 1024; }

/// The plain loops have nothing to pack.
bool is_packing_build() {
  nn::Sequential net = net_in_eval();
  const auto before = live_bytes();
  nn::prepack(net, images());
  return live_bytes() > before;
}

/// Writes weights so that nobody is told: a packed layer cannot know.
void write_secretly(nn::Conv2d& layer) { layer.weight.data()[0] += 1; }

}  // namespace

TEST_CASE("prepacked layers have the bits of others, in batches of any size", "[nn][prepack]") {
  nn::Sequential net = net_in_eval();
  for (Index n : {1, 3, 40}) {
    const Tensor expected = net(images(n));
    for (Index example : {1, 40}) {
      nn::Sequential packed = net;
      nn::prepack(packed, images(example));
      CHECK(same_bits(packed(images(n)), expected));
    }
  }
}

TEST_CASE("a double net is prepacked too", "[nn][prepack]") {
  auto net = net_in_eval<double>();
  const auto x = random_tensor<double>({2, 1, 20, 20}, 3);
  const auto expected = net(x);
  nn::prepack(net, x);
  CHECK(same_bits(net(x), expected));
}

TEST_CASE("images of another size take the ordinary path", "[nn][prepack]") {
  nn::Sequential net = net_in_eval();
  nn::prepack(net, images(1, 20));
  for (Index size : {19, 21, 30}) CHECK(is_as_unpacked(net, images(2, size)));
  nn::prepack(net, images(1, 30));
  CHECK(is_as_unpacked(net, images(1, 20)));
  CHECK(is_as_unpacked(net, images(1, 30)));
}

TEST_CASE("written weights are no longer the packed ones", "[nn][prepack]") {
  const Tensor x = images();
  nn::Sequential net = net_in_eval();
  auto& layer = net.get<nn::Conv2d>(2);
  nn::prepack(net, x);
  const Tensor before = net(x);
  const auto is_changed = [&] { return is_as_unpacked(net, x) && !same_bits(net(x), before); };

  SECTION("by arithmetic") { layer.weight *= 2; }
  SECTION("by assignment") { layer.weight = rand({32, 16, 3, 3}); }
  SECTION("by assigning a layer") { layer = nn::Conv2d(16, 32, 3); }
  SECTION("by assigning a net") { net = static_cast<const nn::Sequential&>(net_in_eval(2)); }
  SECTION("by another parameter") { layer.weight = nn::Parameter(rand({32, 16, 3, 3})); }
  SECTION("by a tie") {
    const nn::Conv2d other(16, 32, 3);
    layer.weight.tie(other.weight);
  }
  SECTION("through data()") {
    write_secretly(layer);
    layer.weight.mark_modified();
  }
  SECTION("by loading") {
    const TemporaryFolder folder;
    nn::Sequential other = net_in_eval(2);
    io::save(other, folder.file("net.safetensors"));
    io::load(net, folder.file("net.safetensors"));
  }
  CHECK(is_changed());
}

TEST_CASE("another bias needs no packing", "[nn][prepack]") {
  nn::Sequential net = net_in_eval();
  nn::prepack(net, images());
  net.get<nn::Conv2d>(0).bias += 1;
  CHECK(is_as_unpacked(net, images()));
}

TEST_CASE("gradients of a prepacked net", "[nn][prepack]") {
  nn::Sequential net = net_in_eval();
  nn::Sequential packed = net;
  const Tensor x = images(2);
  nn::prepack(packed, x);
  const auto gradient = [&](nn::Sequential& of) {
    Tape tape;
    const Gradients gradients = tape.gradients(sum(of(x)));
    return Tensor(gradients[of.get<nn::Conv2d>(2).weight]);
  };
  CHECK(same_bits(gradient(packed), gradient(net)));
}

TEST_CASE("packed weights are used, kept by moves, not copied, and dropped by train()",
          "[nn][prepack]") {
  if (!is_packing_build()) return;
  const Tensor x = images();
  nn::Sequential net = net_in_eval();
  const auto empty = live_bytes();
  nn::prepack(net, x);
  const auto packed = live_bytes();
  CHECK(packed > empty);
  const Tensor expected = net(x);
  const auto with_output = live_bytes();

  nn::prepack(net, x);
  CHECK(is_about(live_bytes(), with_output));
  net.eval();
  CHECK(is_about(live_bytes(), with_output));

  nn::Sequential copy = net;
  const auto size_of_copy = live_bytes() - with_output;
  const nn::Sequential plain = net_in_eval();
  CHECK(is_about(live_bytes() - with_output - size_of_copy, size_of_copy));

  nn::Sequential moved = std::move(net);
  nn::Conv2d& layer = moved.get<nn::Conv2d>(2);
  nn::Conv2d taken = std::move(layer);
  layer = std::move(taken);
  write_secretly(layer);
  CHECK(same_bits(moved(x), expected));
  copy.get<nn::Conv2d>(2) = layer;
  CHECK_FALSE(same_bits(copy(x), expected));

  const auto before_train = live_bytes();
  moved.train();
  CHECK(is_about(before_train - live_bytes(), packed - empty));
  moved.eval();
  CHECK_FALSE(same_bits(moved(x), expected));
}

TEST_CASE("layers inside modules of one's own are prepacked", "[nn][prepack]") {
  struct Pyramid : nn::Module {
    nn::Conv2d lift{1, 8, 1}, conv{8, 16, 3, {.padding = 1}};
    Tensor forward(const Tensor& images) override {
      const Tensor x = lift(images);
      return conv(x).narrow(2, 0, 8).narrow(3, 0, 8) + conv(x.narrow(2, 0, 8).narrow(3, 0, 8));
    }
    void visit(nn::Visitor& v) override {
      v("lift", lift);
      v("conv", conv);
    }
  };
  manual_seed(1);
  Pyramid pyramid;
  pyramid.eval();
  Pyramid packed = pyramid;
  const auto before = live_bytes();
  nn::prepack(packed, images());
  CHECK((live_bytes() > before) == is_packing_build());
  CHECK(same_bits(packed(images()), pyramid(images())));
}

TEST_CASE("a training net is not prepacked", "[nn][prepack]") {
  nn::Conv2d layer(3, 4, 3);
  CHECK(error_of<ValueError>([&] {
          nn::prepack(layer, ones({1, 3, 8, 8}));
        }) ==
        "[prepack] Conv2d(3 -> 4, kernel 3) is in training mode, in which every step changes the "
        "weights; hint: call eval() first, and prepack after the last training step");
}

TEST_CASE("after an example that fails nothing is being prepacked", "[nn][prepack]") {
  nn::Sequential net = net_in_eval();
  CHECK_THAT(error_of<ShapeError>([&] {
               nn::prepack(net, ones({1, 1, 4, 4}));
             }),
             ContainsSubstring(" (in layer 2: Conv2d(16 -> 32, kernel 3))\n"));
  const auto before = live_bytes();
  nn::Sequential other = net_in_eval();
  const auto with_other = live_bytes();
  CHECK(with_other > before);
  other(images());
  CHECK(is_about(live_bytes(), with_other));
  CHECK(is_as_unpacked(net, images()));
}

TEST_CASE("prepacking is not recorded", "[nn][prepack]") {
  nn::Sequential net = net_in_eval();
  const Tape tape;
  nn::prepack(net, images());
  CHECK(tape.size() == 0);
}

TEST_CASE("a warm prepacked net allocates nothing", "[nn][prepack][memory]") {
  if (!can_count_allocations()) return;
  nn::Sequential net = net_in_eval();
  const Tensor x = images();
  nn::prepack(net, x);
  net(x);
  const AllocationCounter counter;
  const auto from_system = memory_stats().system_allocations;
  for (int i = 0; i < 10; ++i) net(x);
  const auto allocations = counter.count();
  CHECK(allocations == 0);
  CHECK(memory_stats().system_allocations == from_system);
}

TEST_CASE("one prepacked net serves several threads at once", "[nn][prepack][threads]") {
  nn::Sequential net = net_in_eval();
  const Tensor small = images(1), batch = images(9), other = images(2, 24);
  const Tensor expected[] = {net(small), net(batch), net(other)};
  nn::prepack(net, small);
  bool same[3] = {true, true, true};
  const auto serve = [&](bool& result) {
    for (int i = 0; i < 10; ++i) {
      result = result && same_bits(net(small), expected[0]) && same_bits(net(batch), expected[1]) &&
               same_bits(net(other), expected[2]);
    }
  };
  // Meanwhile a third thread prepacks a net of its own.
  std::thread first([&] { serve(same[0]); }), second([&] { serve(same[1]); });
  std::thread third([&] {
    nn::Sequential own = net;
    nn::prepack(own, batch);
    serve(same[2]);
  });
  first.join();
  second.join();
  third.join();
  CHECK((same[0] && same[1] && same[2]));
}
