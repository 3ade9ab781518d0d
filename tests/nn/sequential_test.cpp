#include <memory>
#include <utility>

#include "nn_support.hpp"
#include "tenon/nn/lambda.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {
using DoubleSequential = nn::BasicSequential<double>;
using DoubleLinear = nn::BasicLinear<double>;
}  // namespace

TEST_CASE("Sequential applies its layers one after the other", "[nn][sequential]") {
  nn::Linear first(2, 3), second(3, 1);
  nn::Sequential net{nn::clone(first), nn::ReLU(), nn::clone(second)};
  const Tensor x = random_tensor<float>({4, 2}, 1);
  CHECK(same_bits(net(x), second(relu(first(x)))));
  CHECK(net.size() == 3);
  CHECK(net[-1].name() == "Linear");
  CHECK(std::as_const(net)[1].name() == "ReLU");
  CHECK(same_bits<float>(net.get<nn::Linear>(0).weight, first.weight));
}

TEST_CASE("Sequential's shortcuts change neither results nor gradients", "[nn][sequential]") {
  nn::Conv2d conv(2, 5, 3, {.padding = 1}), second(5, 4, 3);
  nn::Linear linear(4, 3);
  nn::Sequential net{nn::clone(conv), nn::ReLU(),    nn::MaxPool2d(2),  nn::clone(second),
                     nn::ReLU(),      nn::Flatten(), nn::clone(linear), nn::ReLU()};
  Tensor x = random_tensor<float>({3, 2, 6, 6}, 1);
  x(0, 0, 1, 1) = std::numeric_limits<float>::quiet_NaN();
  const auto gradients = [&](const auto& f, auto& module) {
    Tape tape;
    const Tensor v = tape.watch(x);
    const Tensor y = f(v);
    const Gradients found = tape.gradients(sum(y));
    std::vector<Tensor> results{y.detach(), found[v]};
    for (auto* p : nn::parameters(module)) results.push_back(found[*p]);
    return results;
  };
  struct Apart : nn::Module {
    nn::Conv2d first, second;
    nn::Linear linear;
    Apart(const nn::Conv2d& a, const nn::Conv2d& b, const nn::Linear& c)
        : first(a), second(b), linear(c) {}
    Tensor forward(const Tensor& v) override {
      const Tensor pooled = max_pool2d(relu(first(v)), 2);
      return relu(linear(relu(second(pooled)).flatten(1)));
    }
    void visit(nn::Visitor& v) override {
      v("first", first);
      v("second", second);
      v("linear", linear);
    }
  } apart(conv, second, linear);
  const auto together = gradients([&](const Tensor& v) { return net(v); }, net);
  const auto alone = gradients([&](const Tensor& v) { return apart(v); }, apart);
  REQUIRE(together.size() == alone.size());
  for (std::size_t i = 0; i < alone.size(); ++i) CHECK(same_bits(together[i], alone[i]));
}

TEST_CASE("Sequential keeps the forward() of a layer derived from one of ours",
          "[nn][sequential]") {
  struct Doubled : nn::Linear {
    using nn::Linear::Linear;
    Tensor forward(const Tensor& x) override { return nn::Linear::forward(x) * 2; }
  };
  Doubled layer(3, 4);
  const Tensor x = random_tensor<float>({5, 3}, 1);
  nn::Sequential net{nn::clone(layer), nn::ReLU()};
  CHECK(same_bits(net(x), relu(layer(x))));
}

TEST_CASE("an empty Sequential returns its input", "[nn][sequential]") {
  nn::Sequential net;
  const Tensor x = ones({2});
  CHECK(net(x).is_same(x));
}

TEST_CASE("Sequential works in double", "[nn][sequential]") {
  DoubleSequential net{DoubleLinear(2, 3), nn::BasicReLU<double>(), DoubleLinear(3, 1)};
  CHECK(net(ones<double>({5, 2})).shape() == Shape{5, 1});
}

TEST_CASE("one Sequential in braces or parentheses is copied, not nested", "[nn][sequential]") {
  nn::Sequential net{nn::Linear(2, 2), nn::ReLU()};
  nn::Sequential braces{net};
  nn::Sequential parentheses(net);
  const nn::Sequential& constant = net;
  nn::Sequential of_const{constant};
  for (const auto* copy : {&braces, &parentheses, &of_const}) {
    CHECK(copy->size() == 2);
    CHECK(count_parameters(*copy) == 6);
  }
  CHECK_FALSE(braces.get<nn::Linear>(0).weight.is_same(net.get<nn::Linear>(0).weight));
  const auto* leaf = net.get<nn::Linear>(0).weight.impl();
  nn::Sequential moved{std::move(net)};
  CHECK(moved.size() == 2);
  CHECK(moved.get<nn::Linear>(0).weight.impl() == leaf);
  CHECK(net.size() == 0);  // NOLINT: what a move leaves behind is part of the contract
}

TEST_CASE("append nests a Sequential", "[nn][sequential]") {
  nn::Sequential inner{nn::Linear(2, 2), nn::ReLU()};
  nn::Sequential net;
  net.append(nn::clone(inner)).append(std::move(inner)).append(nn::Linear(2, 1));
  CHECK(net.size() == 3);
  CHECK(nn::named_parameters(net)[2].name == "1.0.weight");
  nn::Sequential both{nn::clone(net), nn::ReLU()};
  CHECK(both.size() == 2);
}

TEST_CASE("a class derived from Sequential copies and moves", "[nn][sequential]") {
  struct Net : nn::Sequential {
    Net() : nn::Sequential{nn::Linear(2, 2), nn::ReLU()} {}
  };
  Net net;
  Net copy = net;
  Net moved = std::move(net);
  CHECK(copy.size() == 2);
  CHECK(moved.size() == 2);
  nn::Sequential sliced(copy);
  CHECK(sliced.size() == 2);
}

TEST_CASE("a function can return a Sequential in braces", "[nn][sequential]") {
  const auto make = []() -> nn::Sequential { return {nn::Linear(2, 2), nn::ReLU()}; };
  CHECK(make().size() == 2);
}

TEST_CASE("layers of users are copied as what they are, without a clone() of theirs",
          "[nn][sequential]") {
  nn::Sequential net{Block(), nn::ReLU()};
  net.get<Block>(0).scale = full({3}, 2);
  nn::Sequential copy = net;
  CHECK(equal<float>(copy.get<Block>(0).scale, full({3}, 2)));
  CHECK_FALSE(copy.get<Block>(0).scale.is_same(net.get<Block>(0).scale));
}

TEST_CASE("assigning a Sequential with the same layers writes in place", "[nn][sequential]") {
  nn::Sequential net{nn::Linear(2, 2), nn::ReLU()}, best = net;
  const auto* leaf = best.get<nn::Linear>(0).weight.impl();
  net.get<nn::Linear>(0).weight += 1;
  best = net;
  CHECK(best.get<nn::Linear>(0).weight.impl() == leaf);
  CHECK(same_bits<float>(best.get<nn::Linear>(0).weight, net.get<nn::Linear>(0).weight));
  best = *&best;
  CHECK(best.size() == 2);
}

TEST_CASE("assigning a Sequential with other layers replaces them", "[nn][sequential]") {
  nn::Sequential net{nn::Linear(2, 2), nn::ReLU()};
  nn::Sequential other;
  other = net;
  CHECK(other.size() == 2);
  other = nn::Sequential{nn::ReLU(), nn::ReLU(), nn::ReLU()};
  CHECK(other.size() == 3);
  net = std::as_const(other);
  CHECK(net.size() == 3);
  CHECK(other.size() == 3);
}

namespace {
struct Unique : nn::Module {
  std::unique_ptr<int> handle = std::make_unique<int>(1);
  Tensor forward(const Tensor& x) override { return x; }
};
struct Fixed : nn::Module {
  const int number = 1;
  Tensor forward(const Tensor& x) override { return x; }
};
}  // namespace

TEST_CASE("a mistake with Sequential is named", "[nn][sequential][errors]") {
  nn::Sequential net{nn::Linear(2, 3), nn::ReLU()};
  CHECK(error_of<IndexError>([&] { net[2]; }) == "[sequential] there is no layer 2 among 2 layers");
  CHECK(error_of<IndexError>([&] { net.get<nn::ReLU>(-3); }) ==
        "[sequential] there is no layer -3 among 2 layers");
  CHECK(error_of<TypeError>([&] { net.get<nn::ReLU>(0); }) ==
        "[sequential] layer 0 is Linear(2 -> 3), which is not of the type asked for; hint: net[0] "
        "gives it as the nn::Module that every layer is");
  const nn::Sequential unique{nn::ReLU(), Unique()};
  CHECK(error_of<ValueError>([&] { nn::Sequential copy = unique; }) ==
        "[sequential] layer 1, Unique(), cannot be copied; hint: give it a copy constructor, or "
        "move the Sequential instead");
  const nn::Sequential fixed{nn::ReLU(), Fixed()};
  nn::Sequential target = fixed;
  CHECK(error_of<ValueError>([&] { target = fixed; }) ==
        "[sequential] layer 1, Fixed(), cannot be assigned; hint: give it an assignment operator");
}

TEST_CASE("a constructor that fails frees the layers it has", "[nn][sequential]") {
  struct Fails : nn::Module {
    Fails() = default;
    Fails(const Fails& other) : nn::Module(other) { throw 1; }
    Fails(Fails&&) noexcept = default;
  };
  nn::Sequential net{nn::Linear(2, 2), Fails()};
  CHECK_THROWS_AS(nn::Sequential(std::as_const(net)), int);
}

TEST_CASE("a function serves as a layer", "[nn][lambda]") {
  nn::Sequential net{nn::Lambda([](const Tensor& x) { return x * 2; }, "twice"), nn::ReLU()};
  CHECK(equal(net(tensor({-1, 3})), tensor({0, 6})));
  CHECK(to_string(net) == "Sequential(\n  (0): twice()\n  (1): ReLU()\n)");
  nn::Sequential copy = net;
  CHECK(equal(copy(tensor({-1, 3})), tensor({0, 6})));

  nn::Lambda counting([calls = 0](const Tensor& x) mutable { return x + ++calls; });
  counting(zeros({1}));
  nn::Lambda counting_copy(counting);
  CHECK(counting_copy(zeros({1}))(0) == 2);
  CHECK(counting(zeros({1}))(0) == 2);
  nn::Lambda assigned([](const Tensor& x) { return x; });
  assigned = std::as_const(counting);
  CHECK(assigned(zeros({1}))(0) == 3);
  nn::Lambda moved = std::move(assigned);
  CHECK(error_of<ValueError>([&] { assigned(ones({1})); }) ==  // NOLINT: on purpose
        "[Lambda] this layer was moved from and has no function any more");
}
