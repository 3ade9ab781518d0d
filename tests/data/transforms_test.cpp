#include "tenon/data/transforms.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>
#include <vector>

#include "allocation_counter.hpp"
#include "ops_support.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/one_hot.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr RandomKey key{7, 3};

Tensor random_images(const Shape& shape) { return random_tensor<float>(shape, 1, 0.1, 1); }

/// What a transform makes of a copy.
template <class F>
Tensor changed(const F& f, const Tensor& images, RandomKey with = key) {
  Tensor copy = images.clone();
  f(copy, with);
  return copy;
}

/// The pixel, 0 outside.
float at(const Tensor& images, Index n, Index c, Index y, Index x) {
  const bool is_inside = y >= 0 && y < images.size(2) && x >= 0 && x < images.size(3);
  return is_inside ? images(n, c, y, x) : 0.0f;
}

/// Whether image n of y is that of x moved by dy and dx.
bool is_shifted(const Tensor& x, const Tensor& y, Index n, Index dy, Index dx) {
  for (Index c = 0; c < x.size(1); ++c) {
    for (Index i = 0; i < x.size(2); ++i) {
      for (Index k = 0; k < x.size(3); ++k) {
        if (y(n, c, i, k) != at(x, n, c, i + dy, k + dx)) return false;
      }
    }
  }
  return true;
}

/// As RandomRotation's formula says, for one angle, with doubles.
double turned_at(const Tensor& x, Index n, Index c, Index i, Index k, double angle) {
  const double cy = static_cast<double>(x.size(2) - 1) / 2,
               cx = static_cast<double>(x.size(3) - 1) / 2;
  const double ry = static_cast<double>(i) - cy, rx = static_cast<double>(k) - cx;
  const double py = cy + std::sin(angle) * rx + std::cos(angle) * ry;
  const double px = cx + std::cos(angle) * rx - std::sin(angle) * ry;
  double sum = 0;
  for (Index a = 0; a < x.size(2); ++a) {
    for (Index b = 0; b < x.size(3); ++b) {
      const double wy = std::max(0.0, 1 - std::abs(py - static_cast<double>(a)));
      const double wx = std::max(0.0, 1 - std::abs(px - static_cast<double>(b)));
      sum += wy * wx * static_cast<double>(x(n, c, a, b));
    }
  }
  return sum;
}

}  // namespace

TEST_CASE("Normalize subtracts and divides channel by channel", "[data][transforms][tiny]") {
  const Tensor x = random_images({3, 2, 4, 5});
  const Tensor y = changed(data::Normalize{{0.5, 0.25}, {2, 0.5}}, x);
  const Tensor by_one = changed(data::Normalize{{0.5}, {2}}, x);
  for_each_position(x.shape(), [&](const Shape& p) {
    const float value = value_at(x, p);
    CHECK(value_at(y, p) == (p[1] == 0 ? (value - 0.5f) / 2 : (value - 0.25f) / 0.5f));
    CHECK(value_at(by_one, p) == (value - 0.5f) / 2);
  });
}

TEST_CASE("RandomCrop moves images, each way equally often", "[data][transforms]") {
  for (const Index padding : {0, 1, 2, 9}) {
    const Tensor x = random_images({200, 2, 4, 3});
    const Tensor y = changed(data::RandomCrop{.padding = padding}, x);
    std::set<std::pair<Index, Index>> met;
    for (Index n = 0; n < x.size(0); ++n) {
      int fits = 0;
      for (Index dy = -padding; dy <= padding; ++dy) {
        for (Index dx = -padding; dx <= padding; ++dx) {
          if (!is_shifted(x, y, n, dy, dx)) continue;
          ++fits;
          met.insert({dy, dx});
        }
      }
      REQUIRE(fits >= 1);  // several where all has been moved out
    }
    const auto ways = static_cast<std::size_t>((2 * padding + 1) * (2 * padding + 1));
    if (padding <= 2) CHECK(met.size() == ways);
  }
}

TEST_CASE("RandomHorizontalFlip mirrors half of the images", "[data][transforms]") {
  const Tensor x = random_images({1000, 2, 3, 5});
  const auto count = [&](double p) {
    const Tensor y = changed(data::RandomHorizontalFlip{.p = p}, x);
    Index mirrored = 0;
    for (Index n = 0; n < x.size(0); ++n) {
      const bool is_mirrored = y(n, 0, 0, 0) != x(n, 0, 0, 0);
      mirrored += is_mirrored;
      for (Index c = 0; c < 2; ++c) {
        for (Index i = 0; i < 3; ++i) {
          for (Index k = 0; k < 5; ++k) {
            REQUIRE(y(n, c, i, k) == x(n, c, i, is_mirrored ? 4 - k : k));
          }
        }
      }
    }
    return mirrored;
  };
  CHECK(count(0) == 0);
  CHECK(count(1) == 1000);
  CHECK(std::abs(count(0.5) - 500) < 70);  // 4.4 standard deviations
  CHECK(std::abs(count(0.1) - 100) < 45);
}

TEST_CASE("RandomRotation turns images counter-clockwise by its angle", "[data][transforms]") {
  // One angle an image: the first number of that image's, see the key's use in the formula.
  const Tensor x = random_images({200, 2, 7, 6});
  for (const double degrees : {0.0, 10.0, 180.0}) {
    const Tensor y = changed(data::RandomRotation{.degrees = degrees}, x);
    double least = 1, greatest = -1, worst = 0;
    for (Index n = 0; n < x.size(0); ++n) {
      const double u = detail::uniform_at<double>(key, static_cast<std::uint64_t>(4 * n));
      least = std::min(least, 2 * u - 1);
      greatest = std::max(greatest, 2 * u - 1);
      const double angle = (2 * u - 1) * degrees * std::numbers::pi / 180;
      for (Index c = 0; c < 2; ++c) {
        for (Index i = 0; i < 7; ++i) {
          for (Index k = 0; k < 6; ++k) {
            const auto value = static_cast<double>(y(n, c, i, k));
            worst = std::max(worst, std::abs(value - turned_at(x, n, c, i, k, angle)));
          }
        }
      }
    }
    CHECK(worst < 1e-6);
    CHECK(least < -0.9);
    CHECK(greatest > 0.9);
    if (degrees == 0) CHECK(same_bits(x, y));
  }
  // Up is up: a point right of the centre goes up when it turns counter-clockwise.
  Tensor point = zeros({1, 1, 9, 9});
  point(0, 0, 4, 8) = 1;
  RandomKey other{0, 0};
  while (detail::uniform_at<double>(other, 0) < 0.7) ++other.stream;
  const Tensor turned = changed(data::RandomRotation{.degrees = 60}, point, other);
  float above = 0, below = 0;
  for (Index i = 0; i < 4; ++i) {
    for (Index k = 0; k < 9; ++k) {
      above += turned(0, 0, i, k);
      below += turned(0, 0, 8 - i, k);
    }
  }
  CHECK(above > 0.5f);
  CHECK(below == 0);
}

TEST_CASE("Cutout fills a square around a random pixel", "[data][transforms]") {
  const Tensor x = random_images({300, 2, 6, 5});
  for (const Index size : {0, 1, 2, 3, 20}) {
    CAPTURE(size);
    const Tensor y = changed(data::Cutout{.size = size, .value = -1}, x);
    std::set<std::pair<Index, Index>> met;
    for (Index n = 0; n < x.size(0); ++n) {
      int fits = 0;
      for (Index cy = 0; cy < 6; ++cy) {
        for (Index cx = 0; cx < 5; ++cx) {
          bool same = true;
          for (Index c = 0; c < 2; ++c) {
            for (Index i = 0; i < 6; ++i) {
              for (Index k = 0; k < 5; ++k) {
                const bool is_cut = i >= cy - size / 2 && i < cy - size / 2 + size &&
                                    k >= cx - size / 2 && k < cx - size / 2 + size;
                same = same && y(n, c, i, k) == (is_cut ? -1 : x(n, c, i, k));
              }
            }
          }
          fits += same;
          if (same) met.insert({cy, cx});
        }
      }
      REQUIRE(fits >= 1);
    }
    CHECK(met.size() == 30);
  }
}

TEST_CASE("Mixup mixes each image with its opposite, and the targets alike", "[data][transforms]") {
  for (const Index n : {1, 2, 5, 8}) {
    const Tensor x = random_images({n, 3, 4, 4});
    const Tensor labels = one_hot<float>(arange<std::int64_t>(static_cast<double>(n)), 8);
    Tensor y = x.clone(), targets = labels.clone();
    const double l = data::mixup(y, targets, 1, key);
    CHECK(l > 0);
    CHECK(l < 1);
    const auto weight = static_cast<float>(l);
    for (Index i = 0; i < n; ++i) {
      const bool is_middle = i == n - 1 - i;
      const auto mixed = [&](const Tensor& of) {
        return is_middle ? of[i].clone() : of[i] * weight + of[n - 1 - i] * (1 - weight);
      };
      CHECK(max_error(y[i], mixed(x)) < 1e-6);
      CHECK(max_error(targets[i], mixed(labels)) < 1e-6);
    }
  }
  Tensor none = Tensor::empty({0, 1, 2, 2}), of_none = Tensor::empty({0, 3});
  CHECK(data::mixup(none, of_none, 0.2, key) > 0);
}

TEST_CASE("Mixup's weights have the moments of the beta distribution", "[data][transforms]") {
  Tensor x = zeros({2, 1}), y = zeros({2, 1});
  for (const double alpha : {0.001, 0.2, 1.0, 4.0, 1000.0}) {
    CAPTURE(alpha);
    constexpr int draws = 4000;
    double sum = 0, squares = 0;
    for (std::uint64_t i = 0; i < draws; ++i) {
      const double l = data::mixup(x, y, alpha, {9, i});
      REQUIRE(l >= 0);
      REQUIRE(l <= 1);
      sum += l;
      squares += (l - 0.5) * (l - 0.5);
    }
    const double variance = 1 / (4 * (2 * alpha + 1));
    // Four standard errors of each.
    CHECK(std::abs(sum / draws - 0.5) < 4 * std::sqrt(variance / draws));
    CHECK(squares / draws == Approx(variance).epsilon(4 * std::sqrt(2.0 / draws)));
  }
}

TEST_CASE("Compose gives each transform random numbers of its own", "[data][transforms]") {
  const Tensor x = random_images({64, 1, 5, 5});
  const data::RandomHorizontalFlip flip{};
  // Equal numbers would mirror each image twice or not at all.
  CHECK_FALSE(same_bits(changed(data::Compose(flip, flip), x), x));
  const data::Compose augment(data::RandomCrop{.padding = 2}, flip, data::Normalize{{0.5}, {0.25}},
                              [](Tensor& images, RandomKey) { images.copy_(images + 1.0f); });
  Tensor expected = x.clone();
  data::RandomCrop{.padding = 2}(expected, detail::transform_key(key, 0));
  flip(expected, detail::transform_key(key, 1));
  data::Normalize{{0.5}, {0.25}}(expected);
  CHECK(same_bits(changed(augment, x), expected + 1.0f));
  CHECK(same_bits(changed(augment, x), changed(augment, x)));
  CHECK_FALSE(same_bits(changed(augment, x), changed(augment, x, {7, 4})));
  CHECK_FALSE(same_bits(changed(augment, x), changed(augment, x, {8, 3})));
  // Composed ones compose.
  CHECK_FALSE(same_bits(changed(data::Compose(data::Compose(flip), data::Compose(flip)), x), x));
}

TEST_CASE("Transforms give the same bits at any number of threads", "[data][transforms]") {
  const Tensor x = random_images({67, 3, 33, 31});
  const data::Compose augment(data::RandomCrop{}, data::RandomHorizontalFlip{},
                              data::RandomRotation{}, data::Cutout{},
                              data::Normalize{{0.4, 0.5, 0.6}, {0.2, 0.3, 0.4}});
  CHECK(same_bits_for_all_threads([&] { return changed(augment, x); }));
  CHECK(same_bits_for_all_threads([&] {
    Tensor y = x.clone(), targets = ones({67, 10});
    data::mixup(y, targets, 0.4, key);
    return y;
  }));
}

TEST_CASE("Transforms allocate nothing once warm", "[data][transforms]") {
  if (!can_count_allocations()) TENON_TEST_SKIP("a sanitizer stands in for the allocator");
  Tensor x = random_images({16, 3, 32, 32}), targets = ones({16, 10});
  const data::Compose augment(data::RandomCrop{}, data::RandomHorizontalFlip{},
                              data::RandomRotation{}, data::Cutout{},
                              data::Normalize{{0.4}, {0.2}});
  Generator generator(1);
  const auto step = [&] {
    augment(x, generator.next());
    data::mixup(x, targets, 0.2, generator.next());
  };
  step();
  step();
  const std::size_t pool_before = memory_stats().system_allocations;
  const AllocationCounter heap;
  for (int i = 0; i < 5; ++i) step();
  const std::size_t counted = heap.count();
  CHECK(counted == 0);
  CHECK(memory_stats().system_allocations == pool_before);
}

TEST_CASE("Transforms bear batches without images, pixels or height", "[data][transforms]") {
  for (const Shape& shape : {Shape{0, 3, 4, 4}, Shape{2, 0, 4, 4}, Shape{2, 1, 0, 4},
                             Shape{2, 1, 4, 0}, Shape{2, 1, 1, 1}}) {
    CAPTURE(shape.numel());
    const data::Compose augment(data::RandomCrop{}, data::RandomHorizontalFlip{},
                                data::RandomRotation{}, data::Cutout{},
                                data::Normalize{{0.4}, {0.2}});
    CHECK(changed(augment, ones(shape)).shape() == shape);
  }
}

TEST_CASE("Transforms say what is wrong", "[data][transforms][errors]") {
  Tensor x = ones({2, 3, 4, 4});
  Tensor grey = ones({2, 4, 4});
  CHECK(error_of<ShapeError>([&] { data::RandomHorizontalFlip{}(grey, key); }) ==
        "[RandomHorizontalFlip] images are (2, 4, 4), not (N, C, H, W); hint: unsqueeze(1) for "
        "grey ones, unsqueeze(0) for a single one");
  Tensor turned = x.transpose(1, 2);
  CHECK_THAT(
      error_of<ValueError>([&] { data::Cutout{}(turned, key); }),
      ContainsSubstring("[Cutout] images (2, 4, 3, 4) are not contiguous, so that they cannot "
                        "be changed in place; hint: images = images.contiguous()"));
  Tensor undefined;
  CHECK_THAT(error_of<ValueError>([&] { data::RandomCrop{}(undefined, key); }),
             ContainsSubstring("[RandomCrop] images are undefined"));
  CHECK(error_of<ValueError>([&] { data::RandomCrop{.padding = -1}(x, key); }) ==
        "[RandomCrop] padding is -1; hint: pixels around the image, 0 for none");
  CHECK_THAT(error_of<ValueError>([&] { data::RandomHorizontalFlip{.p = 1.5}(x, key); }),
             ContainsSubstring("p is 1.5; hint: a probability, from 0 to 1"));
  CHECK_THAT(error_of<ValueError>([&] { data::RandomRotation{.degrees = -3}(x, key); }),
             ContainsSubstring("degrees is -3; hint: the largest angle to either side"));
  CHECK_THAT(error_of<ValueError>([&] { data::Cutout{.size = -2}(x, key); }),
             ContainsSubstring("size is -2; hint: the side of the square"));
  CHECK(error_of<ShapeError>([&] {
          data::Normalize{{1, 2}, {1}}(x);
        }) ==
        "[Normalize] there are 2 means and 1 standard deviations for the 3 channels of images (2, "
        "3, 4, 4); hint: one for each channel, or one for all");
  CHECK_THAT(error_of<ValueError>([&] {
               data::Normalize{{1}, {0}}(x);
             }),
             ContainsSubstring("a standard deviation is 0; hint: greater than 0"));
  Tensor targets = ones({2, 5}), labels = ones({2}), three = ones({3, 5});
  CHECK_THAT(error_of<ValueError>([&] { data::mixup(x, targets, 0, key); }),
             ContainsSubstring("[mixup] alpha is 0; hint: greater than 0"));
  CHECK(error_of<ShapeError>([&] { data::mixup(x, labels, 1, key); }) ==
        "[mixup] images are (2, 3, 4, 4) and targets (2), not (N, ...) and (N, C); hint: "
        "one_hot<float>(labels, classes) makes targets of labels");
  CHECK_THROWS_AS(data::mixup(x, three, 1, key), ShapeError);
  CHECK_THROWS_AS(data::mixup(turned, targets, 1, key), ValueError);
  // A refused transform has changed nothing.
  CHECK(equal(x, ones({2, 3, 4, 4})));
}
