// Copying clones, moving keeps, assigning writes in place; tied parameters stay tied.

#include <memory>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "nn_support.hpp"
#include "tenon/nn/adaptive_avg_pool2d.hpp"
#include "tenon/nn/avg_pool2d.hpp"
#include "tenon/nn/batch_norm.hpp"
#include "tenon/nn/dropout.hpp"
#include "tenon/nn/lambda.hpp"
#include "tenon/nn/layer_norm.hpp"
#include "tenon/nn/rms_norm.hpp"
#include "tenon/nn/sigmoid.hpp"
#include "tenon/nn/softmax.hpp"
#include "tenon/nn/tanh.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

template <class... M>
constexpr bool all_nothrow_movable = ((std::is_nothrow_move_constructible_v<M> &&
                                       std::is_nothrow_move_assignable_v<M> &&
                                       std::is_copy_constructible_v<M> &&
                                       std::is_copy_assignable_v<M>)&&...);

static_assert(all_nothrow_movable<
              nn::Linear, nn::Dense, nn::Conv2d, nn::MaxPool2d, nn::ReLU, nn::Tanh, nn::Sigmoid,
              nn::Softmax, nn::Flatten, nn::Dropout, nn::Lambda, nn::Sequential, nn::BatchNorm1d,
              nn::BatchNorm2d, nn::LayerNorm, nn::RMSNorm, nn::AvgPool2d, nn::AdaptiveAvgPool2d>);
static_assert(all_nothrow_movable<Block, Model, TiedModel>, "users' modules need no boilerplate");
static_assert(!std::is_constructible_v<nn::Module, const nn::Module&>, "no slicing");

}  // namespace

TEST_CASE("a copied module has parameters of its own with the same values", "[nn][copying]") {
  Model model;
  Model copy = model;
  const auto from = nn::named_tensors(model), to = nn::named_tensors(copy);
  REQUIRE(from.size() == to.size());
  for (std::size_t i = 0; i < from.size(); ++i) {
    INFO(from[i].name);
    CHECK(from[i].name == to[i].name);
    CHECK(same_bits(from[i].tensor, to[i].tensor));
    if (!from[i].is_buffer) CHECK_FALSE(from[i].tensor.shares_storage(to[i].tensor));
  }
  const Tensor x = random_tensor<float>({3, 2}, 1);
  CHECK(same_bits(model(x), copy(x)));
}

TEST_CASE("training a copy leaves the original alone", "[nn][copying]") {
  nn::Linear layer(2, 2);
  nn::Linear copy = nn::clone(layer);
  const Tensor before = layer.weight.clone();
  Tape tape;
  const Gradients g = tape.gradients(sum(copy(ones({1, 2}))));
  CHECK(g.contains(copy.weight));
  CHECK_FALSE(g.contains(layer.weight));
  copy.weight -= g[copy.weight];
  CHECK(same_bits<float>(layer.weight, before));
  CHECK_FALSE(same_bits<float>(copy.weight, before));
}

TEST_CASE("moving a module keeps its parameters", "[nn][copying]") {
  Model model;
  std::vector<const void*> leaves;
  for (const auto* p : nn::parameters(model)) leaves.push_back(p->impl());
  Model moved = std::move(model);
  std::vector<Model> list;
  list.push_back(std::move(moved));
  list.emplace_back();  // grows, so that the first one moves again
  std::vector<const void*> now;
  for (const auto* p : nn::parameters(list[0])) now.push_back(p->impl());
  CHECK(now == leaves);
}

TEST_CASE("assigning a module writes its parameters in place", "[nn][copying]") {
  Model model, other;
  std::vector<const void*> leaves;
  for (const auto* p : nn::parameters(model)) leaves.push_back(p->impl());
  model = std::as_const(other);
  const auto from = nn::parameters(other), to = nn::parameters(model);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    CHECK(to[i]->impl() == leaves[i]);
    CHECK(same_bits<float>(*from[i], *to[i]));
  }
  nn::Linear narrow(2, 2), wide(3, 2);
  CHECK_THROWS_AS(narrow = std::as_const(wide), ShapeError);
}

TEST_CASE("parameters that were tied in the original are tied in the copy, not to it",
          "[nn][copying]") {
  TiedModel model;
  TiedModel copy = model;
  CHECK(copy.out.weight.is_same(copy.in.weight));
  CHECK_FALSE(copy.in.weight.is_same(model.in.weight));
  CHECK(count_parameters(copy) == count_parameters(model));
  CHECK(same_bits<float>(copy.in.weight, model.in.weight));
  CHECK(same_bits<float>(copy.out.bias, model.out.bias));
  CHECK_FALSE(
      copy.between.get<nn::Linear>(0).weight.is_same(model.between.get<nn::Linear>(0).weight));

  TiedModel second = model, third = copy;
  CHECK(second.out.weight.is_same(second.in.weight));
  CHECK_FALSE(second.in.weight.is_same(copy.in.weight));
  CHECK(third.out.weight.is_same(third.in.weight));

  TiedModel moved = std::move(second);
  CHECK(moved.out.weight.is_same(moved.in.weight));
}

TEST_CASE("ties survive copying through Sequential, vectors and several levels", "[nn][copying]") {
  struct Outer : nn::Module {
    nn::Sequential body{TiedModel(), nn::ReLU(), nn::Linear(3, 3)};
    std::vector<nn::Linear> heads;
    void visit(nn::Visitor& v) override {
      v("body", body);
      v("heads", heads);
    }
  } model;
  model.heads.emplace_back(3, 3);
  model.heads.emplace_back(3, 3);
  // One group inside the first layer, joined by a head; another between the last layer and a head.
  model.heads[0].weight.tie(model.body.get<TiedModel>(0).in.weight);
  model.heads[1].weight.tie(model.body.get<nn::Linear>(2).weight);
  const Index count = count_parameters(model);

  nn::Sequential net;
  net.append(std::move(model));
  nn::Sequential copy = net;
  auto& outer = copy.get<Outer>(0);
  auto& inner = outer.body.get<TiedModel>(0);
  CHECK(inner.in.weight.is_same(inner.out.weight));
  CHECK(outer.heads[0].weight.is_same(inner.in.weight));
  CHECK(outer.heads[1].weight.is_same(outer.body.get<nn::Linear>(2).weight));
  CHECK_FALSE(outer.heads[0].weight.is_same(outer.heads[1].weight));
  CHECK_FALSE(inner.in.weight.is_same(net.get<Outer>(0).heads[0].weight));
  CHECK(count_parameters(copy) == count);
}

TEST_CASE("a lone copy of a tied layer or parameter is tied to nothing", "[nn][copying]") {
  TiedModel model;
  nn::Parameter weight = model.in.weight;
  nn::Linear in = model.in;
  TiedModel copy = model;
  nn::Linear out = model.out;
  CHECK_FALSE(in.weight.is_same(weight));
  CHECK_FALSE(out.weight.is_same(in.weight));
  CHECK_FALSE(out.weight.is_same(copy.out.weight));
  CHECK(copy.in.weight.is_same(copy.out.weight));
}

TEST_CASE("copying that fails half way leaves the next copies right", "[nn][copying]") {
  static bool fails = false;
  struct Bomb {
    Bomb() = default;
    Bomb(const Bomb&) {
      if (fails) throw 1;
    }
    Bomb(Bomb&&) noexcept {}
  };
  struct Net : nn::Module {
    nn::Linear in{2, 2};
    Bomb bomb;
    nn::Linear out{2, 2};
    void visit(nn::Visitor& v) override {
      v("in", in);
      v("out", out);
    }
  } net;
  net.out.weight.tie(net.in.weight);
  fails = true;
  CHECK_THROWS_AS(Net(std::as_const(net)), int);
  fails = false;
  const Net copy = net;
  CHECK(copy.in.weight.is_same(copy.out.weight));
  CHECK_FALSE(copy.in.weight.is_same(net.in.weight));
  const Net again = net;
  CHECK(again.in.weight.is_same(again.out.weight));
  CHECK_FALSE(again.in.weight.is_same(copy.in.weight));
}

TEST_CASE("threads may copy one tied module at the same time", "[nn][copying]") {
  const TiedModel model;
  std::vector<std::unique_ptr<TiedModel>> copies(4);
  std::vector<std::thread> threads;
  for (auto& copy : copies) {
    threads.emplace_back([&model, &slot = copy] { slot = std::make_unique<TiedModel>(model); });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& copy : copies) CHECK(copy->in.weight.is_same(copy->out.weight));
  CHECK_FALSE(copies[0]->in.weight.is_same(copies[1]->in.weight));
}

TEST_CASE("a module with a destructor of its own is copied where it is moved", "[nn][copying]") {
  struct Closes : nn::Module {
    nn::Linear fc{2, 2};
    ~Closes() override { closed = true; }
    bool closed = false;
    void visit(nn::Visitor& v) override { v("fc", fc); }
  };
  static_assert(!std::is_nothrow_move_constructible_v<Closes>,
                "that is how Sequential can refuse it");
  Closes a;
  const Closes b = std::move(a);
  CHECK(a.fc.weight.defined());  // NOLINT: the trap itself
  CHECK_FALSE(b.fc.weight.is_same(a.fc.weight));

  struct Mended : nn::Module {
    nn::Linear fc{2, 2};
    Mended() = default;
    Mended(const Mended&) = default;
    Mended(Mended&&) noexcept = default;
    ~Mended() override { closed = true; }
    bool closed = false;
    void visit(nn::Visitor& v) override { v("fc", fc); }
  };
  nn::Sequential net{Mended(), nn::ReLU()};
  CHECK(count_parameters(net) == 6);
}
