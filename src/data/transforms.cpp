#include "tenon/data/transforms.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "data/drawn_seed.hpp"
#include "tenon/base/error.hpp"
#include "tenon/base/parallel.hpp"

namespace tenon::detail {

RandomKey transform_key(RandomKey key, Index i) {
  constexpr std::uint64_t stream = 0x7472616e73666f;
  return {drawn_seed({key.seed, stream + static_cast<std::uint64_t>(i)}), key.stream};
}

}  // namespace tenon::detail

namespace tenon::data {

namespace {

void check_contiguous(const char* op, const char* name, const Tensor& x) {
  if (!x.defined()) {
    detail::fail<ValueError>(op, name, " are undefined; hint: a loader's batches are defined");
  }
  if (!x.is_contiguous()) {
    detail::fail<ValueError>(op, name, " ", x.shape(),
                             " are not contiguous, so that they cannot be changed in place; hint: "
                             "images = images.contiguous()");
  }
}

/// The pixels of a batch, and how its work is split.
struct Pixels {
  Index n, c, h, w;
  float* data;

  Pixels(const char* op, Tensor& images) {
    check_contiguous(op, "images", images);
    const Shape& shape = images.shape();
    if (shape.rank() != 4) {
      detail::fail<ShapeError>(op, "images are ", shape,
                               ", not (N, C, H, W); hint: unsqueeze(1) for grey ones, unsqueeze(0) "
                               "for a single one");
    }
    n = shape[0], c = shape[1], h = shape[2], w = shape[3];
    data = images.data();
    images.mark_modified();
  }

  float* image(Index i) const { return data + i * c * h * w; }
  /// Images a chunk: enough work to be worth a thread.
  Index grain() const { return std::max(Index{1}, Index{1 << 14} / std::max(Index{1}, c * h * w)); }
};

/// Number k of the random ones of image i, uniform in [0, 1).
double uniform(RandomKey key, Index i, Index k) {
  return detail::uniform_at<double>(key, static_cast<std::uint64_t>(4 * i + k));
}

/// Uniform in 0 .. count - 1.
Index uniform_index(RandomKey key, Index i, Index k, Index count) {
  return std::min(static_cast<Index>(uniform(key, i, k) * static_cast<double>(count)), count - 1);
}

template <class T>
void check_range(const char* op, const char* name, T value, T low, T high, const char* hint) {
  if (value >= low && value <= high) return;
  detail::fail<ValueError>(op, name, " is ", value, "; hint: ", hint);
}

/// row[x] = from[x + dx] where that lies inside, else 0; both may be the same row.
void shift_row(const float* from, float* row, Index w, Index dx) {
  const Index first = std::clamp(-dx, Index{0}, w), last = std::clamp(w - dx, first, w);
  if (last > first) {
    std::memmove(row + first, from + first + dx,
                 static_cast<std::size_t>(last - first) * sizeof(float));
  }
  std::fill(row, row + first, 0.0f);
  std::fill(row + last, row + w, 0.0f);
}

/// plane(y, x) = plane(y + dy, x + dx), row by row in an order in which none is needed that has
/// been overwritten.
void shift_plane(float* plane, Index h, Index w, Index dy, Index dx) {
  for (Index k = 0; k < h; ++k) {
    const Index y = dy >= 0 ? k : h - 1 - k;
    float* row = plane + y * w;
    if (y + dy >= 0 && y + dy < h) {
      shift_row(plane + (y + dy) * w, row, w, dx);
    } else {
      std::fill(row, row + w, 0.0f);
    }
  }
}

/// Turns an image of c planes by an angle; `from` is a copy of it.
void rotate(const float* from, float* to, Index c, Index h, Index w, double angle) {
  const double cosine = std::cos(angle), sine = std::sin(angle);
  const double middle_y = static_cast<double>(h - 1) / 2, middle_x = static_cast<double>(w - 1) / 2;
  for (Index y = 0; y < h; ++y) {
    for (Index x = 0; x < w; ++x) {
      const double ry = static_cast<double>(y) - middle_y, rx = static_cast<double>(x) - middle_x;
      const double in_y = middle_y + sine * rx + cosine * ry;
      const double in_x = middle_x + cosine * rx - sine * ry;
      const auto y0 = static_cast<Index>(std::floor(in_y)),
                 x0 = static_cast<Index>(std::floor(in_x));
      const auto fy = static_cast<float>(in_y - std::floor(in_y));
      const auto fx = static_cast<float>(in_x - std::floor(in_x));
      for (Index plane = 0; plane < c; ++plane) {
        const float* pixels = from + plane * h * w;
        const auto at = [&](Index i, Index k) {
          return i >= 0 && i < h && k >= 0 && k < w ? pixels[i * w + k] : 0.0f;
        };
        const float above = (1 - fx) * at(y0, x0) + fx * at(y0, x0 + 1);
        const float below = (1 - fx) * at(y0 + 1, x0) + fx * at(y0 + 1, x0 + 1);
        to[(plane * h + y) * w + x] = (1 - fy) * above + fy * below;
      }
    }
  }
}

/// log of a number from the gamma distribution of shape a + 1, a > 0; uses up positions. Source:
/// Marsaglia, Tsang, "A simple method for generating gamma variables", TOMS 26, 2000.
double log_gamma_above_1(double a, RandomKey key, std::uint64_t& position) {
  const double d = a + 1 - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  while (true) {
    const auto words = detail::philox(key, position++);
    const auto open = [](std::uint32_t word) { return (word + 0.5) * 0x1p-32; };
    const double normal =
        std::sqrt(-2 * std::log(open(words[0]))) * std::cos(2 * std::numbers::pi * open(words[1]));
    const double root = 1 + c * normal, v = root * root * root;
    if (v > 0 && std::log(open(words[2])) < normal * normal / 2 + d - d * v + d * std::log(v)) {
      // One of shape a is that times u^(1/a): as a logarithm it does not vanish for small a.
      return std::log(d * v) + std::log(open(words[3])) / a;
    }
  }
}

double symmetric_beta(double alpha, RandomKey key) {
  std::uint64_t position = 0;
  const double first = log_gamma_above_1(alpha, key, position);
  const double second = log_gamma_above_1(alpha, key, position);
  return 1 / (1 + std::exp(second - first));
}

/// Mixes row i with row n - 1 - i; pairs are disjoint.
void mix_rows(float* rows, Index n, Index size, float l) {
  parallel_for(n / 2, std::max(Index{1}, Index{1 << 14} / std::max(Index{1}, size)),
               [&](Index begin, Index end) {
                 for (Index i = begin; i < end; ++i) {
                   float *a = rows + i * size, *b = rows + (n - 1 - i) * size;
                   for (Index k = 0; k < size; ++k) {
                     const float x = a[k], y = b[k];
                     a[k] = l * x + (1 - l) * y;
                     b[k] = l * y + (1 - l) * x;
                   }
                 }
               });
}

}  // namespace

void Normalize::operator()(Tensor& images, RandomKey) const {
  const Pixels pixels("Normalize", images);
  const auto fits = [&](const std::vector<double>& numbers) {
    return numbers.size() == 1 || static_cast<Index>(numbers.size()) == pixels.c;
  };
  if (!fits(mean) || !fits(std)) {
    detail::fail<ShapeError>("Normalize", "there are ", mean.size(), " means and ", std.size(),
                             " standard deviations for the ", pixels.c, " channels of images ",
                             images.shape(), "; hint: one for each channel, or one for all");
  }
  for (const double s : std) {
    if (!(s > 0)) {
      detail::fail<ValueError>("Normalize", "a standard deviation is ", s,
                               "; hint: greater than 0; 1 leaves a channel as it is");
    }
  }
  const Index plane = pixels.h * pixels.w;
  parallel_for(pixels.n, pixels.grain(), [&](Index begin, Index end) {
    for (Index i = begin * pixels.c; i < end * pixels.c; ++i) {
      const auto c = static_cast<std::size_t>(i % pixels.c);
      const auto m = static_cast<float>(mean[mean.size() == 1 ? 0 : c]);
      const auto s = static_cast<float>(std[std.size() == 1 ? 0 : c]);
      float* x = pixels.data + i * plane;
      for (Index k = 0; k < plane; ++k) x[k] = (x[k] - m) / s;
    }
  });
}

void RandomCrop::operator()(Tensor& images, RandomKey key) const {
  check_range("RandomCrop", "padding", padding, Index{0}, Index{1} << 30,
              "pixels around the image, 0 for none");
  const Pixels pixels("RandomCrop", images);
  parallel_for(pixels.n, pixels.grain(), [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      const Index dy = uniform_index(key, i, 0, 2 * padding + 1) - padding;
      const Index dx = uniform_index(key, i, 1, 2 * padding + 1) - padding;
      for (Index c = 0; c < pixels.c; ++c) {
        shift_plane(pixels.image(i) + c * pixels.h * pixels.w, pixels.h, pixels.w, dy, dx);
      }
    }
  });
}

void RandomHorizontalFlip::operator()(Tensor& images, RandomKey key) const {
  check_range("RandomHorizontalFlip", "p", p, 0.0, 1.0, "a probability, from 0 to 1");
  const Pixels pixels("RandomHorizontalFlip", images);
  parallel_for(pixels.n, pixels.grain(), [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      if (uniform(key, i, 0) >= p) continue;
      for (Index row = 0; row < pixels.c * pixels.h; ++row) {
        float* x = pixels.image(i) + row * pixels.w;
        std::reverse(x, x + pixels.w);
      }
    }
  });
}

void RandomRotation::operator()(Tensor& images, RandomKey key) const {
  check_range("RandomRotation", "degrees", degrees, 0.0, 180.0,
              "the largest angle to either side, from 0 to 180");
  const Pixels pixels("RandomRotation", images);
  const Index size = pixels.c * pixels.h * pixels.w;
  parallel_with_scratch<float>(
      pixels.n, pixels.grain(), size, [&](float* copy, Index begin, Index end) {
        for (Index i = begin; i < end; ++i) {
          const double angle = (2 * uniform(key, i, 0) - 1) * degrees * std::numbers::pi / 180;
          std::copy_n(pixels.image(i), size, copy);
          rotate(copy, pixels.image(i), pixels.c, pixels.h, pixels.w, angle);
        }
      });
}

void Cutout::operator()(Tensor& images, RandomKey key) const {
  check_range("Cutout", "size", size, Index{0}, Index{1} << 30,
              "the side of the square, in pixels");
  const Pixels pixels("Cutout", images);
  if (pixels.h == 0 || pixels.w == 0) return;
  parallel_for(pixels.n, pixels.grain(), [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      const Index top = uniform_index(key, i, 0, pixels.h) - size / 2;
      const Index left = uniform_index(key, i, 1, pixels.w) - size / 2;
      const Index first = std::max(Index{0}, left), last = std::min(pixels.w, left + size);
      for (Index c = 0; c < pixels.c; ++c) {
        for (Index y = std::max(Index{0}, top); y < std::min(pixels.h, top + size); ++y) {
          float* row = pixels.image(i) + (c * pixels.h + y) * pixels.w;
          if (first < last) std::fill(row + first, row + last, value);
        }
      }
    }
  });
}

double mixup(Tensor& images, Tensor& targets, double alpha, RandomKey key) {
  if (!(alpha > 0 && std::isfinite(alpha))) {
    detail::fail<ValueError>("mixup", "alpha is ", alpha,
                             "; hint: greater than 0; 0.2 mixes little, 1 anything");
  }
  check_contiguous("mixup", "images", images);
  check_contiguous("mixup", "targets", targets);
  if (images.rank() == 0 || targets.rank() != 2 || images.size(0) != targets.size(0)) {
    detail::fail<ShapeError>("mixup", "images are ", images.shape(), " and targets ",
                             targets.shape(),
                             ", not (N, ...) and (N, C); hint: one_hot<float>(labels, "
                             "classes) makes targets of labels");
  }
  const double l = symmetric_beta(alpha, key);
  const Index n = images.size(0);
  for (Tensor* x : {&images, &targets}) {
    x->mark_modified();
    if (n > 0) mix_rows(x->data(), n, x->numel() / n, static_cast<float>(l));
  }
  return l;
}

}  // namespace tenon::data
