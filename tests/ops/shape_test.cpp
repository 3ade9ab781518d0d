#include "tenon/ops/shape.hpp"

#include <array>
#include <vector>

#include "ops_support.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/reduce.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;
using Inputs = std::vector<DoubleTensor>;

namespace {

/// The element of parts joined along axis (which stack has added) at position p.
template <class T>
T joined_at(const std::vector<BasicTensor<T>>& parts, int axis, Shape p) {
  for (const auto& part : parts) {
    if (p[axis] < part.shape()[axis]) return value_at(part, p);
    p[axis] -= part.shape()[axis];
  }
  FAIL("position beyond all parts");
  return T();
}

template <class T>
void check_joined(const std::vector<BasicTensor<T>>& parts, int axis, const BasicTensor<T>& y) {
  Shape expected = parts[0].shape();
  for (std::size_t i = 1; i < parts.size(); ++i) expected[axis] += parts[i].shape()[axis];
  REQUIRE(y.shape() == expected);
  CHECK(y.is_contiguous());
  bool right = true;
  for_each_position(expected,
                    [&](const Shape& p) { right &= value_at(y, p) == joined_at(parts, axis, p); });
  CHECK(right);
}

struct View {
  const char* name;
  DoubleTensor (*view)(const DoubleTensor&);
};

// All of a tensor (2, 3, 4).
const View views[] = {
    {"reshape",
     [](const DoubleTensor& x) {
       return reshape(x, {4, -1});
     }},
    {"flatten", [](const DoubleTensor& x) { return flatten(x, 1); }},
    {"transpose", [](const DoubleTensor& x) { return transpose(x, 0, -1); }},
    {"permute",
     [](const DoubleTensor& x) {
       return permute(x, {1, 2, 0});
     }},
    {"narrow", [](const DoubleTensor& x) { return narrow(x, 2, 1, 2); }},
    {"slice", [](const DoubleTensor& x) { return slice(x, 1, {.start = 0, .step = 2}); }},
    {"select", [](const DoubleTensor& x) { return select(x, 1, -1); }},
    {"index",
     [](const DoubleTensor& x) {
       return index(x, {1, Slice{1, 3}, Slice{.step = 3}});
     }},
    {"expand",
     [](const DoubleTensor& x) {
       return expand(x, {3, 2, 3, 4});
     }},
    {"expand",
     [](const DoubleTensor& x) {
       return expand(narrow(x, 1, 1, 1), {2, 5, 4});
     }},
    {"unsqueeze", [](const DoubleTensor& x) { return unsqueeze(x, 1); }},
    {"squeeze", [](const DoubleTensor& x) { return squeeze(unsqueeze(x, -1)); }},
    {"squeeze", [](const DoubleTensor& x) { return squeeze(narrow(x, 0, 1, 1), 0); }},
    {"reshape of transpose",
     [](const DoubleTensor& x) {
       return reshape(transpose(x, 0, 1), {6, 4});
     }},
    {"view of view",
     [](const DoubleTensor& x) {
       return slice(permute(x, {2, 0, 1}), 0, {1, 4, 2}).select(1, 0);
     }},
    {"view of expand",
     [](const DoubleTensor& x) {
       return expand(select(x, 0, 1), {2, 3, 4}).transpose(0, 2);
     }},
};

}  // namespace

TEST_CASE("View functions are the members of the same names", "[ops][shape]") {
  const auto x = random_tensor({2, 3, 4}, 1);
  CHECK(equal(reshape(x, {6, 4}), x.reshape({6, 4})));
  CHECK(equal(flatten(x), x.flatten()));
  CHECK(equal(flatten(x, 0, 1), x.flatten(0, 1)));
  CHECK(equal(transpose(x, 0, 1), x.transpose(0, 1)));
  CHECK(equal(permute(x, {2, 1, 0}), x.permute({2, 1, 0})));
  CHECK(equal(narrow(x, 1, 1, 2), x.narrow(1, 1, 2)));
  CHECK(equal(slice(x, 2, {1, 3}), x.slice(2, {1, 3})));
  CHECK(equal(select(x, 0, 1), x[1]));
  CHECK(equal(index(x, {0, all, 2}), x.index({0, all, 2})));
  CHECK(equal(expand(x, {5, 2, 3, 4}), x.expand({5, 2, 3, 4})));
  CHECK(equal(unsqueeze(x, 0), x.unsqueeze(0)));
  CHECK(equal(squeeze(unsqueeze(x, 0)), x));
  CHECK(equal(squeeze(unsqueeze(x, 2), 2), x));
  for (const View& view : views) {
    if (std::string(view.name) != "reshape of transpose") {
      CHECK(view.view(x).shares_storage(x));
    }
  }
}

TEST_CASE("Gradients of views pass gradcheck", "[ops][shape]") {
  const auto x = random_tensor({2, 3, 4}, 2);
  for (const View& view : views) {
    const auto plain = [&](const Inputs& in) { return view.view(in[0]); };
    const auto inside = [&](const Inputs& in) { return view.view(square(in[0])); };
    const auto outside = [&](const Inputs& in) { return square(view.view(in[0])); };
    check_gradients_in_all_layouts(view.name, plain, {x});
    check_gradients_in_all_layouts(view.name, inside, {x});
    check_gradients_in_all_layouts(view.name, outside, {x});
  }
}

TEST_CASE("A view made outside the tape gives a leaf its full gradient", "[ops][shape]") {
  for (const View& view : views) {
    const auto leaf = random_tensor({2, 3, 4}, 3);
    leaf.impl()->is_leaf = true;
    const auto outside = view.view(leaf);
    // A copy made where nothing records is a constant; all others share the leaf's values.
    if (!outside.shares_storage(leaf)) continue;
    Tape tape;
    const auto weights = random_tensor(outside.shape(), 4);
    const auto g = tape.gradients(sum(outside * weights))[leaf];
    const auto h = tape.gradients(sum(view.view(leaf) * weights))[leaf];
    INFO(view.name);
    CHECK(g.shape() == leaf.shape());
    CHECK(same_bits(g, h));
    CHECK(sum(g).item() == Approx(sum(weights).item()));
  }
}

TEST_CASE("cat agrees with plain loops for all axes, layouts and empty parts", "[ops][shape]") {
  for (const Shape& shape :
       {Shape{3}, Shape{2, 3}, Shape{2, 3, 4}, Shape{0, 3}, Shape{2, 1, 2, 1, 2, 1, 2, 2}}) {
    for (int axis = 0; axis < shape.rank(); ++axis) {
      Shape longer = shape, none = shape;
      longer[axis] += 2;
      none[axis] = 0;
      const auto a = layouts_of(random_tensor(shape, 5)), b = layouts_of(random_tensor(longer, 6));
      const auto empty_part = DoubleTensor::empty(none);
      for (const auto& p : a) {
        for (const auto& q : b) {
          check_joined({p, q, empty_part, p}, axis, cat({p, q, empty_part, p}, axis));
          check_joined({q, p}, axis, cat({q, p}, axis - shape.rank()));
        }
      }
      check_joined({a[0]}, axis, cat({a[0]}, axis));
    }
  }
}

TEST_CASE("stack agrees with cat of unsqueezed parts", "[ops][shape]") {
  for (const Shape& shape :
       {Shape{}, Shape{3}, Shape{2, 3}, Shape{0, 3}, Shape{2, 1, 2, 1, 2, 1, 2}}) {
    const auto a = layouts_of(random_tensor(shape, 7)), b = layouts_of(random_tensor(shape, 8));
    for (int axis = 0; axis <= shape.rank(); ++axis) {
      for (const auto& p : a) {
        for (const auto& q : b) {
          const auto y = stack({p, q, p}, axis);
          check_joined({p.unsqueeze(axis), q.unsqueeze(axis), p.unsqueeze(axis)}, axis, y);
          CHECK(equal(stack({p, q, p}, axis - shape.rank() - 1), y));
        }
      }
    }
  }
}

TEST_CASE("cat and stack take any contiguous container and every scalar type", "[ops][shape]") {
  const Tensor a = tensor({1, 2}), b = tensor({3, 4});
  CHECK(equal(cat(std::vector<Tensor>{a, b}), tensor({1, 2, 3, 4})));
  CHECK(equal(cat(std::array<Tensor, 2>{a, b}, -1), tensor({1, 2, 3, 4})));
  CHECK(equal(stack(std::vector<Tensor>{a, b}), tensor({{1, 2}, {3, 4}})));
  CHECK(equal(stack({a, b}, 1), tensor({{1, 3}, {2, 4}})));
  CHECK(equal(cat({full<std::int64_t>({2}, 5), arange<std::int64_t>(2)}),
              tensor<std::int64_t>({5, 5, 0, 1})));
  CHECK(equal(stack({full<bool>({1}, true), full<bool>({1}, false)}),
              tensor<bool>({{true}, {false}})));
  CHECK(cat({full<std::uint8_t>({2}, 255)}).numel() == 2);
  CHECK(cat({full<std::int32_t>({2}, -1)})(1) == -1);
}

TEST_CASE("Gradients of cat and stack pass gradcheck", "[ops][shape]") {
  const auto x = random_tensor({2, 3}, 9), y = random_tensor({2, 2}, 10);
  const auto joined = [](const Inputs& in) {
    return square(cat({in[0], square(in[1]), in[0]}, 1)) * 2;
  };
  check_gradients_in_all_layouts("cat", joined, {x, y});
  const auto first = [](const Inputs& in) { return cat({in[0].t(), square(in[1].t())}); };
  check_gradients_in_all_layouts("cat", first, {x, y});
  for (int axis = 0; axis < 3; ++axis) {
    const auto stacked = [&](const Inputs& in) {
      return square(stack({in[0], square(in[1]), in[0]}, axis));
    };
    check_gradients_in_all_layouts("stack", stacked, {x, random_tensor({2, 3}, 11)});
  }
}

TEST_CASE("cat gives gradients to the tracked parts only, also when asked twice", "[ops][shape]") {
  Tape tape;
  const auto a = tape.watch(tensor<double>({1, 2})), b = tape.watch(tensor<double>({3}));
  const auto constant = tensor<double>({7, 7, 7});
  const auto y = cat({constant, a, constant, b, a});
  const auto loss = sum(y * arange<double>(11));
  for (int i = 0; i < 2; ++i) {
    const auto g = tape.gradients(loss);
    CHECK(equal(g[a], tensor<double>({3 + 9, 4 + 10})));
    CHECK(equal(g[b], tensor<double>({8})));
    CHECK(g.size() == 2);
  }
}

TEST_CASE("Many tensors can be joined", "[ops][shape]") {
  Tape tape;
  const auto x = tape.watch(random_tensor({3}, 12));
  const std::vector<DoubleTensor> parts(1000, x);
  CHECK(cat(parts).shape() == Shape{3000});
  CHECK(equal(tape.gradients(sum(stack(parts, 1)))[x], full<double>({3}, 1000)));
  CHECK(equal(tape.gradients(sum(cat(parts)))[x], full<double>({3}, 1000)));
}

TEST_CASE("cat and stack say which part does not fit", "[ops][shape]") {
  const Tensor a = zeros({2, 3}), b = zeros({2, 4});
  CHECK(error_of<ShapeError>([&] {
          cat({a, b}, 0);
        }) ==
        "[cat] part 1 has shape (2, 4) but part 0 has shape (2, 3); hint: all sizes but the one "
        "along the axis must be equal; stack() makes a new axis");
  CHECK_THAT(error_of<ShapeError>([&] { cat({a, zeros({3})}, 1); }), ContainsSubstring("part 1"));
  CHECK(error_of<ShapeError>([&] {
          stack({a, a, b});
        }) ==
        "[stack] part 2 has shape (2, 4) but part 0 has shape (2, 3); hint: all shapes must be "
        "equal; cat() joins along an existing axis");
  CHECK(error_of<ValueError>([] { cat(std::vector<Tensor>{}); }) ==
        "[cat] there is nothing to join; hint: give at least one tensor");
  CHECK_THAT(error_of<ValueError>([] { stack(std::vector<Tensor>{}); }),
             ContainsSubstring("[stack] there is nothing"));
  CHECK_THAT(error_of<ValueError>([&] {
               cat({a, Tensor()});
             }),
             ContainsSubstring("[cat] the tensor is undefined"));
  CHECK_THAT(error_of<ValueError>([&] {
               stack({Tensor(), a});
             }),
             ContainsSubstring("[stack] the tensor is undefined"));
  CHECK_THAT(error_of<IndexError>([&] { cat({a, a}, 2); }), ContainsSubstring("axis 2"));
  CHECK_THAT(error_of<IndexError>([&] { stack({a, a}, 3); }), ContainsSubstring("axis 3"));
  CHECK_THAT(error_of<IndexError>([] {
               cat({tensor(1), tensor(2)});
             }),
             ContainsSubstring("a scalar"));
  const Tensor full_rank = zeros({1, 1, 1, 1, 1, 1, 1, 1});
  CHECK_THAT(error_of<ShapeError>([&] {
               stack({full_rank, full_rank});
             }),
             ContainsSubstring("at most 8 dimensions"));
}

TEST_CASE("Joining has the same bits at any number of threads", "[ops][shape]") {
  const auto a = random_tensor<float>({400, 900}, 13), b = random_tensor<float>({900, 400}, 14).t();
  CHECK(same_bits_for_all_threads([&] { return cat({a, b}, 1); }));
  CHECK(same_bits_for_all_threads([&] { return stack({a, b}, 2); }));
}
