#include "tenon/tensor/impl.hpp"

#include <set>
#include <thread>

#include "tenon/base/memory.hpp"
#include "tensor_support.hpp"

using namespace tenon_test;

namespace {

int copies_heard = 0;
std::uint64_t last_from = 0;
std::uint64_t last_to = 0;

void listen(const detail::TensorImpl& from, detail::TensorImpl& to) {
  ++copies_heard;
  last_from = from.id;
  last_to = to.id;
}

class Listening {
 public:
  Listening() {
    copies_heard = 0;
    detail::set_copy_listener(listen);
  }
  ~Listening() { detail::set_copy_listener(nullptr); }
};

}  // namespace

TEST_CASE("A view knows its parent and root", "[tensor][impl]") {
  const Tensor x = empty({2, 3});
  const Tensor y = x.t();
  const Tensor z = y[0];
  CHECK(x.impl()->parent == nullptr);
  CHECK(x.impl()->root == x.impl());
  CHECK(z.impl()->parent == y.impl());
  CHECK(z.impl()->root == x.impl());
  CHECK(z.impl()->dtype == DType::float32);
  CHECK_FALSE(z.impl()->is_leaf);
  CHECK_FALSE(z.impl()->is_recorded);
  CHECK_FALSE(z.impl()->is_detached);
  CHECK(x.impl()->references == 2);
  CHECK(y.impl()->references == 2);
}

TEST_CASE("A view keeps the values alive", "[tensor][impl]") {
  Tensor view;
  {
    const Tensor x = counting<float>({2, 3});
    view = x.t()[1];
  }
  CHECK(values_of(view) == std::vector<float>{1, 4});
}

TEST_CASE("Everything is given back to the pool", "[tensor][impl]") {
  const std::size_t before = memory_stats().live_bytes;
  {
    const Tensor x = counting<float>({100, 100});
    const Tensor y = x.t().reshape({-1});
    const Tensor z = x.expand({2, 100, 100}).clone().index({0, all, Slice{.step = 3}});
    CHECK_THROWS(empty({-1}));
    CHECK_THROWS(from_data<float>(nullptr, {3}));
    CHECK_THROWS(tensor({{1, 2}, {3}}));
    CHECK(memory_stats().live_bytes > before);
  }
  CHECK(memory_stats().live_bytes == before);
}

TEST_CASE("A chain of a million views is freed without recursion", "[tensor][impl]") {
  const std::size_t before = memory_stats().live_bytes;
  {
    Tensor x = empty({2, 3});
    for (int i = 0; i < 1000000; ++i) x = x.t();
    CHECK(x.shape() == Shape{2, 3});
  }
  CHECK(memory_stats().live_bytes == before);
  trim_memory();
}

TEST_CASE("A chain of views that is shared half way is freed in two parts", "[tensor][impl]") {
  const std::size_t before = memory_stats().live_bytes;
  Tensor middle;
  {
    Tensor x = counting<float>({2, 3});
    for (int i = 0; i < 100; ++i) {
      x = x.t();
      if (i == 49) middle = x;
    }
  }
  CHECK(middle(1, 2) == 5);
  CHECK(middle.impl()->references == 1);
  middle = Tensor();
  CHECK(memory_stats().live_bytes == before);
}

TEST_CASE("Nothing is asked of the system once the pool is warm", "[tensor][impl]") {
  const auto work = [] {
    Tensor x = zeros({8, 8});
    Tensor y = x.t().reshape({64});
    Tensor z = x.index({Slice{1, -1}, 0}).expand({3, 6}).clone();
    x.copy_(x.t());
    x.slice(0, {0, 8, 2}).fill_(3);
    return equal(z, z) && allclose(x.to<double>(), x.to<double>()) && y.numel() == 64;
  };
  for (int i = 0; i < 10; ++i) work();
  const std::size_t before = memory_stats().system_allocations;
  bool fine = true;
  for (int i = 0; i < 1000; ++i) fine = work() && fine;
  CHECK(fine);
  CHECK(memory_stats().system_allocations == before);
}

TEST_CASE("Ids are unique over threads and views", "[tensor][impl]") {
  constexpr int per_thread = 2000;
  std::vector<std::uint64_t> ids[3];
  const auto create = [&ids](int k) {
    const Tensor x = empty({2});
    for (int i = 0; i < per_thread; ++i) {
      ids[k].push_back(empty({1}).impl()->id);
      ids[k].push_back(x.detach().impl()->id);
    }
  };
  std::thread first(create, 0);
  std::thread second(create, 1);
  create(2);
  first.join();
  second.join();
  std::set<std::uint64_t> all_ids;
  for (const auto& some : ids) all_ids.insert(some.begin(), some.end());
  CHECK(all_ids.size() == 6 * per_thread);
  CHECK(all_ids.count(0) == 0);
}

TEST_CASE("Two threads may share a tensor and its views", "[tensor][impl]") {
  const std::size_t before = memory_stats().live_bytes;
  {
    const Tensor x = ones({16, 16});
    const auto work = [&x](float* sum) {
      for (int i = 0; i < 2000; ++i) {
        const Tensor handle = x;
        const Tensor view = handle.t().select(0, i % 16);
        const Tensor copy = view.clone();
        *sum += copy(i % 16) + view.reshape({4, 4})(1, 1);
      }
    };
    float sums[2] = {};
    std::thread other(work, &sums[0]);
    work(&sums[1]);
    other.join();
    CHECK(sums[0] == 4000);
    CHECK(sums[1] == 4000);
    CHECK(x.impl()->references == 1);
  }
  CHECK(memory_stats().live_bytes == before);
}

TEST_CASE("The last owner frees, whichever thread it is on", "[tensor][impl]") {
  const std::size_t before = memory_stats().live_bytes;
  for (int round = 0; round < 200; ++round) {
    Tensor x = ones({8});
    Tensor view = x.reshape({2, 4});
    std::thread other([mine = std::move(view)]() mutable { mine = Tensor(); });
    x = Tensor();
    other.join();
  }
  CHECK(memory_stats().live_bytes == before);
}

TEST_CASE("The listener hears of copies by clone, contiguous and reshape", "[tensor][impl]") {
  const Tensor x = counting<float>({2, 3});
  const Tensor flipped = x.t();
  const Listening scope;
  const Tensor y = x.clone();
  CHECK(copies_heard == 1);
  CHECK(last_from == x.impl()->id);
  CHECK(last_to == y.impl()->id);
  x.contiguous();
  x.reshape({6});
  CHECK(copies_heard == 1);
  const Tensor z = flipped.contiguous();
  CHECK(copies_heard == 2);
  CHECK(last_from == flipped.impl()->id);
  CHECK(last_to == z.impl()->id);
  const Tensor w = flipped.reshape({6});
  CHECK(copies_heard == 3);
  CHECK(last_from == flipped.impl()->id);
  CHECK(last_to == w.impl()->parent->id);
}

TEST_CASE("The listener hears nothing of other copies", "[tensor][impl]") {
  Tensor x = counting<float>({3, 3});
  const Listening scope;
  x.to<double>();
  x.to<float>();
  x.copy_(x.t());
  x.fill_(1);
  equal(x.t(), x.t());
  allclose(x.t(), x);
  CHECK(copies_heard == 0);
}

TEST_CASE("A listener belongs to its thread", "[tensor][impl]") {
  const Listening scope;
  bool other_has_one = true;
  std::thread([&] { other_has_one = detail::copy_listener() != nullptr; }).join();
  CHECK_FALSE(other_has_one);
  CHECK(detail::copy_listener() == listen);
}
