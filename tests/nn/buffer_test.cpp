#include "tenon/nn/buffer.hpp"

#include <type_traits>
#include <utility>

#include "nn_support.hpp"

using namespace tenon;
using namespace tenon::test;

static_assert(std::is_nothrow_move_constructible_v<nn::Buffer> &&
              std::is_nothrow_move_assignable_v<nn::LongBuffer>);

namespace {

/// Counts its calls and remembers the last input.
struct Counter : nn::Module {
  nn::Buffer last{zeros({2})};
  nn::LongBuffer calls{zeros<std::int64_t>({})};

  Tensor forward(const Tensor& x) override {
    last = x;
    calls.fill_(calls.item() + 1);
    return x;
  }
  void visit(nn::Visitor& v) override {
    v.buffer("last", last);
    v.buffer("calls", calls);
  }
};

}  // namespace

TEST_CASE("a buffer is a value: copying copies, moving keeps, assigning writes in place",
          "[nn][buffer]") {
  const Tensor values = tensor({1, 2, 3});
  nn::Buffer a(values);
  CHECK_FALSE(a.shares_storage(values));
  nn::Buffer copy = a;
  CHECK(equal<float>(copy, values));
  CHECK_FALSE(copy.shares_storage(a));

  const Tensor memory = a;
  nn::Buffer moved = std::move(a);
  CHECK(moved.is_same(memory));
  CHECK_FALSE(a.defined());  // NOLINT: on purpose

  moved = tensor({4, 5, 6});
  CHECK(equal(memory, tensor({4, 5, 6})));
  moved = std::as_const(copy);
  CHECK(equal(memory, values));
  a = values;
  CHECK(equal<float>(a, values));
  nn::Buffer none, other;
  other = std::as_const(none);
  CHECK_FALSE(other.defined());
}

TEST_CASE("a buffer is a constant of the tape and holds no graph alive", "[nn][buffer]") {
  Tape tape;
  const Tensor leaf = tape.watch(ones({2}));
  nn::Buffer buffer(leaf * 2), assigned(zeros({2}));
  assigned = leaf * 3;
  const Index nodes = tape.size();
  CHECK(equal(buffer + assigned, full({2}, 5)));
  CHECK(tape.size() == nodes);
}

TEST_CASE("a clone's buffers are its own, integers included", "[nn][buffer][copying]") {
  Counter module;
  module(ones({2}));
  Counter clone = module;
  clone(full({2}, 3));
  CHECK(module.calls.item() == 1);
  CHECK(clone.calls.item() == 2);
  CHECK(equal<float>(module.last, ones({2})));
  const auto memory = static_cast<const LongTensor&>(module.calls);
  module = std::as_const(clone);
  CHECK(memory.item() == 2);
  CHECK(nn::named_tensors(module).size() == 1);  // those of the module's own scalar type
}

TEST_CASE("a buffer refuses what does not fit", "[nn][buffer][errors]") {
  nn::Buffer buffer(zeros({2, 3}));
  CHECK(error_of<ShapeError>([&] { buffer = zeros({3}); }) ==
        "[buffer] assigning writes the values in place, so a buffer of shape (2, 3) cannot take "
        "values of shape (3); hint: reshape the values, or move another buffer in: b = "
        "nn::Buffer(values)");
  CHECK(error_of<ValueError>([&] { buffer = Tensor(); }) ==
        "[buffer] an undefined tensor is assigned to a buffer of shape (2, 3); hint: was the layer "
        "that it comes from moved from, or made with other options?");
}
