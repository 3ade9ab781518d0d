#include "tenon/tensor/layout.hpp"
#include "tensor_support.hpp"

using namespace tenon_test;

namespace {

/// What a tensor must hold, worked out without strides.
struct Model {
  Shape shape;
  std::vector<std::int64_t> values;
};

/// The model of a view whose position p shows the old position old_position(p).
template <class F>
Model remap(const Model& old, const Shape& shape, const F& old_position) {
  Model result{shape, {}};
  for_each_position(shape, [&](const Shape& p) {
    const Index flat = row_major(old.shape, old_position(p));
    result.values.push_back(old.values[static_cast<std::size_t>(flat)]);
  });
  return result;
}

struct Pair {
  LongTensor x;
  Model model;
};

Pair permuted(const Pair& p, Random& random) {
  const Shape order = random.order(p.x.rank());
  Shape shape;
  Shape argument;
  for (const Index axis : order) {
    shape.push_back(p.model.shape[axis]);
    argument.push_back(random.chance(50) ? axis : axis - p.x.rank());
  }
  return {p.x.permute(argument), remap(p.model, shape, [&](const Shape& at) {
            Shape old = at;
            for (int i = 0; i < at.rank(); ++i) old[order[i]] = at[i];
            return old;
          })};
}

Pair transposed(const Pair& p, Random& random) {
  const Index i = random.pick(0, p.x.rank() - 1);
  const Index k = random.pick(0, p.x.rank() - 1);
  Shape shape = p.model.shape;
  std::swap(shape[i], shape[k]);
  return {p.x.transpose(i, k - p.x.rank()), remap(p.model, shape, [&](const Shape& at) {
            Shape old = at;
            std::swap(old[i], old[k]);
            return old;
          })};
}

Pair sliced(const Pair& p, Random& random) {
  const Index axis = random.pick(0, p.x.rank() - 1);
  const Index size = p.model.shape[axis];
  const Slice slice{random.pick(-size - 2, size + 2), random.pick(-size - 2, size + 2),
                    random.pick(1, 4)};
  // Python's own definition of a slice, walked position by position.
  const auto clip = [&](Index i) { return std::clamp<Index>(i < 0 ? i + size : i, 0, size); };
  std::vector<Index> kept;
  for (Index i = clip(slice.start); i < clip(slice.stop); i += slice.step) kept.push_back(i);
  Shape shape = p.model.shape;
  shape[axis] = static_cast<Index>(kept.size());
  return {p.x.slice(axis, slice), remap(p.model, shape, [&](const Shape& at) {
            Shape old = at;
            old[axis] = kept[static_cast<std::size_t>(at[axis])];
            return old;
          })};
}

Pair narrowed(const Pair& p, Random& random) {
  const Index axis = random.pick(0, p.x.rank() - 1);
  const Index size = p.model.shape[axis];
  const Index start = random.pick(0, size);
  const Index length = random.pick(0, size - start);
  const bool from_end = start < size && random.chance(50);
  Shape shape = p.model.shape;
  shape[axis] = length;
  return {p.x.narrow(axis, from_end ? start - size : start, length),
          remap(p.model, shape, [&](const Shape& at) {
            Shape old = at;
            old[axis] += start;
            return old;
          })};
}

Pair selected(const Pair& p, Random& random) {
  const int axis = static_cast<int>(random.pick(0, p.x.rank() - 1));
  const Index size = p.model.shape[axis];
  if (size == 0) return p;
  const Index position = random.pick(0, size - 1);
  Shape shape = p.model.shape;
  shape.erase(axis);
  return {p.x.select(axis, random.chance(50) ? position : position - size),
          remap(p.model, shape, [&](const Shape& at) {
            Shape old = at;
            old.insert(axis, position);
            return old;
          })};
}

Pair unsqueezed(const Pair& p, Random& random) {
  if (p.x.rank() == max_rank) return p;
  const int axis = static_cast<int>(random.pick(0, p.x.rank()));
  Shape shape = p.model.shape;
  shape.insert(axis, 1);
  return {p.x.unsqueeze(random.chance(50) ? axis : axis - p.x.rank() - 1), {shape, p.model.values}};
}

Pair squeezed(const Pair& p, Random& random) {
  Shape all_dropped;
  int last_one = -1;
  for (int i = 0; i < p.x.rank(); ++i) {
    if (p.model.shape[i] == 1) last_one = i;
    if (p.model.shape[i] != 1) all_dropped.push_back(p.model.shape[i]);
  }
  if (last_one < 0 || random.chance(50)) return {p.x.squeeze(), {all_dropped, p.model.values}};
  Shape shape = p.model.shape;
  shape.erase(last_one);
  return {p.x.squeeze(last_one), {shape, p.model.values}};
}

Pair expanded(const Pair& p, Random& random) {
  const int added = p.x.rank() < 5 ? static_cast<int>(random.pick(0, 1)) : 0;
  Shape shape = p.model.shape;
  Shape argument = shape;
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] == 1 && p.model.values.size() < 500) argument[i] = shape[i] = random.pick(0, 3);
    if (argument[i] == p.model.shape[i] && random.chance(50)) argument[i] = -1;
  }
  if (added == 1) {
    const Index front = random.pick(1, 3);
    shape.insert(0, front);
    argument.insert(0, front);
  }
  return {p.x.expand(argument), remap(p.model, shape, [&](const Shape& at) {
            Shape old;
            for (int i = added; i < at.rank(); ++i) {
              old.push_back(p.model.shape[i - added] == 1 ? 0 : at[i]);
            }
            return old;
          })};
}

/// The offsets of x in row-major order decide alone whether some strides can show it as shape.
bool can_view(const LongTensor& x, const Shape& shape) {
  std::vector<Index> offsets;
  for_each_position(x.shape(), [&](const Shape& at) { offsets.push_back(dot(at, x.strides())); });
  if (offsets.empty()) return true;
  const Shape steps = contiguous_strides(shape);
  Shape strides = steps;
  for (int i = 0; i < shape.rank(); ++i) {
    strides[i] = shape[i] > 1 ? offsets[static_cast<std::size_t>(steps[i])] - offsets[0] : 0;
  }
  bool fits = true;
  std::size_t next = 0;
  for_each_position(shape, [&](const Shape& at) {
    fits = fits && offsets[next++] == offsets[0] + dot(at, strides);
  });
  return fits;
}

Pair reshaped(const Pair& p, Random& random) {
  // Splits the number of elements into random factors.
  Shape shape;
  Index rest = p.x.numel();
  while (rest > 1 && shape.rank() < 6) {
    Index factor = random.pick(1, rest);
    while (rest % factor != 0) --factor;
    shape.push_back(factor);
    rest /= factor;
  }
  shape.push_back(rest);
  if (random.chance(30)) shape.insert(0, 1);
  Shape argument = shape;
  if (p.x.numel() > 0 && random.chance(50)) argument[random.pick(0, shape.rank() - 1)] = -1;
  const LongTensor result = p.x.reshape(argument);
  REQUIRE(result.shares_storage(p.x) == can_view(p.x, shape));
  return {result, {shape, p.model.values}};
}

Pair random_view(const Pair& p, Random& random) {
  const bool has_axes = p.x.rank() > 0;
  switch (random.pick(has_axes ? 0 : 5, 8)) {
    case 0:
      return permuted(p, random);
    case 1:
      return transposed(p, random);
    case 2:
      return sliced(p, random);
    case 3:
      return narrowed(p, random);
    case 4:
      return selected(p, random);
    case 5:
      return unsqueezed(p, random);
    case 6:
      return squeezed(p, random);
    case 7:
      return p.x.numel() < 500 ? expanded(p, random) : p;
    default:
      return reshaped(p, random);
  }
}

bool is_row_major(const LongTensor& x) {
  Index expected = 0;
  bool in_order = true;
  for_each_position(x.shape(), [&](const Shape& at) {
    in_order = in_order && dot(at, x.strides()) == expected++;
  });
  return in_order;
}

}  // namespace

TEST_CASE("Chains of random views hold what index arithmetic says", "[tensor][views][tiny]") {
  Random random(1);
  for (int round = 0; round < 2000; ++round) {
    const LongTensor x = counting(random.shape());
    Pair p{x, {x.shape(), values_of(x)}};
    for (int step = 0; step < 6; ++step) {
      p = random_view(p, random);
      REQUIRE(p.x.shape() == p.model.shape);
      REQUIRE(values_of(p.x) == p.model.values);
      REQUIRE(p.x.is_contiguous() == is_row_major(p.x));
    }
    const LongTensor copy = p.x.contiguous();
    REQUIRE(copy.is_contiguous());
    REQUIRE(copy.is_same(p.x) == p.x.is_contiguous());
    REQUIRE(values_of(copy) == p.model.values);
    REQUIRE(equal(p.x, copy));
  }
}
