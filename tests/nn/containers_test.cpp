// ModuleList, ModuleDict, and Sequentials inside each other.

#include "nn_support.hpp"
#include "tenon/nn/dropout.hpp"
#include "tenon/nn/module_dict.hpp"
#include "tenon/nn/module_list.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

std::vector<std::string> names_of(nn::Module& module) {
  std::vector<std::string> names;
  for (const auto& entry : nn::named_tensors(module)) names.push_back(entry.name);
  return names;
}

struct Heads : nn::Module {
  nn::ModuleList body{nn::Linear(3, 4), nn::Sequential{nn::ReLU(), nn::Linear(4, 5)}};
  nn::ModuleDict heads;

  Heads() { heads.insert("digit", nn::Linear(5, 10)).insert("colour", nn::Linear(5, 3)); }
  Tensor forward(const Tensor& x) override { return heads["colour"](body[1](body[0](x))); }
  void visit(nn::Visitor& v) override {
    v("body", body);
    v("heads", heads);
  }
};

}  // namespace

TEST_CASE("ModuleList and ModuleDict name their layers as PyTorch does", "[nn][containers]") {
  Heads net;
  CHECK(names_of(net) == std::vector<std::string>{"body.0.weight", "body.0.bias", "body.1.1.weight",
                                                  "body.1.1.bias", "heads.digit.weight",
                                                  "heads.digit.bias", "heads.colour.weight",
                                                  "heads.colour.bias"});
  CHECK(net(ones({2, 3})).shape() == Shape{2, 3});
  CHECK(nn::to_string(net) ==
        "Heads(\n"
        "  (body): ModuleList(\n"
        "    (0): Linear(3 -> 4)\n"
        "    (1): Sequential(\n"
        "      (0): ReLU()\n"
        "      (1): Linear(4 -> 5)\n"
        "    )\n"
        "  )\n"
        "  (heads): ModuleDict(\n"
        "    (digit): Linear(5 -> 10)\n"
        "    (colour): Linear(5 -> 3)\n"
        "  )\n"
        ")");
  net.eval();
  CHECK_FALSE(net.heads["digit"].is_training());
  CHECK_FALSE(net.body.get<nn::Sequential>(1)[0].is_training());
}

TEST_CASE("Copies of ModuleList and ModuleDict are clones, assignments write in place",
          "[nn][containers]") {
  Heads net;
  Heads copy = net;
  const Tensor x = random_tensor<float>({2, 3}, 1);
  CHECK(same_bits(copy(x), net(x)));
  const Tensor shared = net.heads.get<nn::Linear>("colour").weight;
  CHECK_FALSE(shared.shares_storage(copy.heads.get<nn::Linear>("colour").weight));
  copy.heads.get<nn::Linear>("colour").weight.fill_(2);
  CHECK_FALSE(same_bits(copy(x), net(x)));
  net = copy;
  CHECK(same_bits(copy(x), net(x)));
  CHECK(shared(0, 0) == 2);  // the same leaf with other values
  const Heads moved = std::move(copy);
  CHECK(moved.heads.size() == 2);
}

TEST_CASE("ModuleDict finds layers by name", "[nn][containers]") {
  nn::ModuleDict dict;
  CHECK(error_of<IndexError>([&] { dict["a"]; }) ==
        "[ModuleDict] there is no layer 'a'; hint: there are none yet");
  dict.insert("b", nn::Linear(2, 3)).insert("a", nn::ReLU());
  CHECK(dict.size() == 2);
  CHECK(dict.contains("a"));
  CHECK_FALSE(dict.contains("c"));
  CHECK(dict.names() == std::vector<std::string>{"b", "a"});
  CHECK(error_of<IndexError>([&] { dict["c"]; }) ==
        "[ModuleDict] there is no layer 'c'; hint: there are b, a");
  CHECK_THROWS_AS(dict.get<nn::Linear>("a"), TypeError);
  CHECK(error_of<ValueError>([&] { dict.insert("a", nn::ReLU()); }) ==
        "[ModuleDict] 'a' names a layer already; hint: assign to the one that is there");
  CHECK(error_of<ValueError>([&] { dict.insert("a.b", nn::ReLU()); }) ==
        "[ModuleDict] 'a.b' cannot be a name, which is not empty and has no dot; hint: dots "
        "separate the names in a path");
  CHECK_THROWS_AS(dict.insert("", nn::ReLU()), ValueError);
  CHECK(dict.size() == 2);
  CHECK_THROWS_AS(dict(ones({2})), ValueError);
}

TEST_CASE("ModuleList is no function", "[nn][containers]") {
  nn::ModuleList list{nn::ReLU()};
  list.append(nn::Linear(2, 3));
  CHECK(list.size() == 2);
  CHECK(list[-1].name() == "Linear");
  CHECK_THROWS_AS(list[2], IndexError);
  CHECK(error_of<ValueError>([&] { list(ones({2})); }).find("has no forward()") !=
        std::string::npos);
}

TEST_CASE("An error says the path through a ModuleDict", "[nn][containers]") {
  Heads net;
  const std::string error = error_of<ShapeError>([&] { net(ones({2, 4})); });
  CHECK(error.find("body.0") != std::string::npos);
}

TEST_CASE("Sequentials nest two hundred deep", "[nn][sequential]") {
  constexpr int depth = 200;
  nn::Sequential net{nn::Linear(2, 2)};
  for (int i = 0; i < depth; ++i) {
    nn::Sequential around;
    around.append(std::move(net));
    if (i % 2 == 0) around.append(nn::ReLU());
    net = std::move(around);
  }
  std::string path;
  for (int i = 0; i < depth; ++i) path += "0.";
  CHECK(names_of(net) == std::vector<std::string>{path + "0.weight", path + "0.bias"});
  CHECK(nn::count_parameters(net) == 6);
  const Tensor x = random_tensor<float>({3, 2}, 1);
  nn::Sequential copy = net;
  Tape tape;
  const Tensor y = copy(x);
  CHECK(same_bits(y.detach(), net(x).detach()));
  const Gradients gradients = tape.gradients(sum(y));
  CHECK(gradients[*nn::parameters(copy)[0]].defined());
  net.eval();
  CHECK_FALSE(net[0].is_training());
  CHECK(nn::to_string(net).size() > depth);
  CHECK(error_of<ShapeError>([&] { net(ones({3, 5})); }).find(path + "0") != std::string::npos);
}
