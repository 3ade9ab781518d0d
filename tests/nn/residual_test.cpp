#include "tenon/nn/residual.hpp"

#include <type_traits>
#include <utility>

#include "nn_support.hpp"
#include "tenon/nn/batch_norm.hpp"
#include "tenon/nn/fold_batch_norm.hpp"
#include "tenon/nn/tanh.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

static_assert(std::is_nothrow_move_constructible_v<nn::Residual> &&
              std::is_nothrow_move_assignable_v<nn::Residual> &&
              std::is_copy_constructible_v<nn::Residual> &&
              std::is_copy_assignable_v<nn::Residual>);

nn::Residual projected() {
  return nn::Residual(nn::Conv2d(2, 4, 3, {.stride = 2, .padding = 1}), nn::ReLU(),
                      nn::Conv2d(4, 4, 3, {.padding = 1}))
      .with_shortcut(nn::Conv2d(2, 4, 1, {.stride = 2, .bias = false}));
}

std::vector<std::string> names_of(nn::Module& module) {
  std::vector<std::string> names;
  for (const auto& p : nn::named_tensors(module)) names.push_back(p.name);
  return names;
}

}  // namespace

TEST_CASE("Residual adds what its layers give to x", "[nn][residual]") {
  nn::Linear first(3, 5), second(5, 3);
  nn::Residual block(nn::clone(first), nn::ReLU(), nn::clone(second));
  const Tensor x = random_tensor<float>({4, 3}, 1);
  CHECK(same_bits(block(x), x + second(relu(first(x)))));
  CHECK(block.layers.size() == 3);
  CHECK(same_bits<float>(block.layers.get<nn::Linear>(0).weight, first.weight));
  nn::Residual single{nn::clone(first)};
  single.layers.append(nn::clone(second));
  CHECK(same_bits(single(x), x + second(first(x))));
}

TEST_CASE("Residual adds its shortcut where it has one", "[nn][residual]") {
  nn::Residual block = projected();
  const Tensor x = random_tensor<float>({2, 2, 6, 6}, 1);
  const Tensor y = block(x);
  CHECK(y.shape() == Shape{2, 4, 3, 3});
  CHECK(same_bits(y, block.shortcut(x) + block.layers(x)));
}

TEST_CASE("the layers of a Residual have names, and it prints them", "[nn][residual]") {
  nn::Residual plain(nn::Linear(3, 3));
  CHECK(names_of(plain) == std::vector<std::string>{"layers.0.weight", "layers.0.bias"});
  CHECK(to_string(plain) == "Residual(\n  (layers): Sequential(\n    (0): Linear(3 -> 3)\n  )\n)");
  nn::Residual block = projected();
  CHECK(names_of(block) == std::vector<std::string>{"layers.0.weight", "layers.0.bias",
                                                    "layers.2.weight", "layers.2.bias",
                                                    "shortcut.0.weight"});
  CHECK(to_string(block) ==
        "Residual(\n"
        "  (layers): Sequential(\n"
        "    (0): Conv2d(2 -> 4, kernel 3, stride 2, padding 1)\n"
        "    (1): ReLU()\n"
        "    (2): Conv2d(4 -> 4, kernel 3, padding 1)\n"
        "  )\n"
        "  (shortcut): Sequential(\n"
        "    (0): Conv2d(2 -> 4, kernel 1, stride 2, bias=false)\n"
        "  )\n"
        ")");
  nn::Sequential net{projected(), nn::ReLU()};
  CHECK(names_of(net)[4] == "0.shortcut.0.weight");
}

TEST_CASE("a Residual copies its layers and keeps them when it moves", "[nn][residual]") {
  nn::Residual block = projected();
  const Tensor x = random_tensor<float>({2, 2, 6, 6}, 1);
  const Tensor y = block(x);
  nn::Residual copy{block};
  const nn::Residual& constant = block;
  nn::Residual of_const(constant);
  for (auto* c : {&copy, &of_const}) {
    CHECK(same_bits((*c)(x), y));
    CHECK_FALSE(
        c->shortcut.get<nn::Conv2d>(0).weight.is_same(block.shortcut.get<nn::Conv2d>(0).weight));
    CHECK(c->layers.size() == 3);
  }
  const auto* leaf = block.layers.get<nn::Conv2d>(0).weight.impl();
  nn::Residual moved{std::move(block)};
  CHECK(moved.layers.get<nn::Conv2d>(0).weight.impl() == leaf);
  CHECK(same_bits(moved(x), y));
  const auto* place = copy.layers.get<nn::Conv2d>(0).weight.impl();
  moved.layers.get<nn::Conv2d>(0).weight += 1;
  copy = moved;
  CHECK(copy.layers.get<nn::Conv2d>(0).weight.impl() == place);
  CHECK(same_bits(copy(x), moved(x)));
  nn::Sequential net{nn::clone(copy), nn::ReLU()}, other = net;
  CHECK(same_bits(other(x), net(x)));
}

TEST_CASE("a Residual passes its mode on", "[nn][residual]") {
  nn::Residual block =
      nn::Residual(nn::Conv2d(2, 2, 1), nn::BatchNorm2d(2)).with_shortcut(nn::BatchNorm2d(2));
  block.eval();
  CHECK_FALSE(block.layers[1].is_training());
  CHECK_FALSE(block.shortcut[0].is_training());
}

TEST_CASE("a Residual of double has right gradients", "[nn][residual]") {
  using nn::BasicLinear;
  manual_seed(4);
  auto block = nn::BasicResidual<double>(BasicLinear<double>(4, 5), nn::BasicTanh<double>(),
                                         BasicLinear<double>(5, 3))
                   .with_shortcut(BasicLinear<double>(4, 3), nn::BasicTanh<double>());
  const auto x = random_tensor({3, 4}, 1);
  check_gradients("Residual", [&](auto& in) { return block(in[0]); }, {x});
  nn::BasicResidual<double> plain(BasicLinear<double>(4, 4), nn::BasicTanh<double>());
  check_gradients("Residual", [&](auto& in) { return plain(in[0]); }, {x});
}

TEST_CASE("a Residual whose shapes do not fit says so", "[nn][residual][errors]") {
  const auto message = [](const std::string& text) { return text.substr(text.find("the layers")); };
  nn::Residual plain(nn::Linear(3, 1));  // which would broadcast
  CHECK(message(error_of<ShapeError>([&] {
          plain(zeros({2, 3}));
        }))
            .starts_with("the layers give (2, 1) but x, which is added, has (2, 3); hint: "
                         ".with_shortcut(nn::Conv2d(in, out, 1, {.stride = 2})) gives x the shape "
                         "of layers that "
                         "halve the image"));
  nn::Residual other = nn::Residual(nn::Linear(3, 4)).with_shortcut(nn::Linear(3, 5));
  CHECK(message(error_of<ShapeError>([&] {
          other(zeros({2, 3}));
        }))
            .starts_with("the layers give (2, 4) but the shortcut gives (2, 5); hint: both must "
                         "change the shape in "
                         "the same way"));
}

TEST_CASE("fold_batch_norm folds inside a Residual", "[nn][residual][fold_batch_norm]") {
  manual_seed(5);
  nn::Sequential net{nn::Residual(nn::Conv2d(2, 4, 3, {.padding = 1}), nn::BatchNorm2d(4))
                         .with_shortcut(nn::Conv2d(2, 4, 1), nn::BatchNorm2d(4)),
                     nn::ReLU()};
  const Tensor x = random_tensor<float>({3, 2, 5, 5}, 1);
  net(x);  // running statistics
  net.eval();
  nn::Sequential folded = nn::fold_batch_norm(net);
  CHECK(folded.get<nn::Residual>(0).layers.size() == 1);
  CHECK(folded.get<nn::Residual>(0).shortcut.size() == 1);
  const Tensor y = net(x), z = folded(x);
  for_each_position(y.shape(), [&](const Shape& p) {
    CHECK(value_at(z, p) == Approx(value_at(y, p)).margin(1e-5));
  });
}
