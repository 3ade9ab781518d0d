#pragma once

#include <tuple>
#include <utility>
#include <vector>

#include "tenon/base/random.hpp"
#include "tenon/tensor/tensor.hpp"

// Changes of a batch of images (N, C, H, W), in place: what a loader gives may be changed.
//
//   const data::Compose augment{data::RandomCrop{.padding = 4}, data::RandomHorizontalFlip{},
//                               data::Normalize{{0.49, 0.48, 0.45}, {0.25, 0.24, 0.26}}};
//   Generator generator(seed);
//   for (auto& [images, labels] : loader) {
//     augment(images, generator.next());
//     ...
//   }
//
// All that is random follows from the key and the image's place in the batch: the same key gives
// the same bits, at any number of threads. To go on exactly where a run stopped, save
// generator.state(), or make the key of the step's number: {seed, step}. Nothing is allocated once
// warm. Each throws ShapeError where images are not (N, C, H, W), ValueError where they are not
// contiguous, as a loader's batches are, and for an option out of its range.

namespace tenon::detail {

/// The key of transform i of several that share one: another seed, since streams are the caller's
/// to count.
TENON_API RandomKey transform_key(RandomKey key, Index i);

}  // namespace tenon::detail

namespace tenon::data {

/// y = (x - mean[c]) / std[c] for each channel c. mean, std: C numbers each, or one for all; std >
/// 0.
struct Normalize {
  std::vector<double> mean, std;
  TENON_API void operator()(Tensor& images, RandomKey key = {}) const;
};

/// Each image is moved by up to `padding` pixels up or down and left or right, what comes in from
/// outside is 0: a random part of the image's own size out of the padded image, as
/// torchvision.transforms.RandomCrop(size, padding). Every shift is equally likely.
struct RandomCrop {
  Index padding = 4;  ///< >= 0
  TENON_API void operator()(Tensor& images, RandomKey key) const;
};

/// Each image is mirrored, left for right, with probability p.
struct RandomHorizontalFlip {
  double p = 0.5;
  TENON_API void operator()(Tensor& images, RandomKey key) const;
};

/// Each image is turned around its centre by an angle that is uniform in [-degrees, degrees],
/// counter-clockwise where positive. Pixels are interpolated bilinearly, outside is 0.
///   y(r) = x(R r),   r from the centre, R the rotation by the angle
/// As torchvision.transforms.RandomRotation with bilinear interpolation.
struct RandomRotation {
  double degrees = 10;  ///< 0 to 180
  TENON_API void operator()(Tensor& images, RandomKey key) const;
};

/// A square of each image, as large as `size` where it does not reach over the edge, is filled with
/// `value`; every pixel is equally likely to be its centre. After Normalize 0 is the mean.
/// Source: DeVries, Taylor, "Improved regularization of convolutional neural networks with cutout",
/// arXiv:1708.04552.
struct Cutout {
  Index size = 8;  ///< pixels, >= 0
  float value = 0;
  TENON_API void operator()(Tensor& images, RandomKey key) const;
};

/// One after another, each with a key of its own. A transform is anything that can be called with
/// (Tensor&, RandomKey), such as a lambda.
template <class... Transforms>
class Compose {
 public:
  explicit Compose(Transforms... transforms) : transforms_(std::move(transforms)...) {}

  void operator()(Tensor& images, RandomKey key) const {
    Index i = 0;
    std::apply([&](const auto&... f) { (f(images, detail::transform_key(key, i++)), ...); },
               transforms_);
  }

 private:
  std::tuple<Transforms...> transforms_;
};

/// Mixes image n with image N - 1 - n, and their targets: with l from Beta(alpha, alpha), one
/// number for the batch, x[n] becomes l x[n] + (1 - l) x[N - 1 - n]. In place.
///   Tensor targets = one_hot<float>(labels, classes);
///   data::mixup(images, targets, 0.2, generator.next());
///   Tensor loss = cross_entropy(net(images), targets);
/// images (N, ...), targets (N, C), both contiguous; alpha > 0. Returns l. Throws ShapeError,
/// ValueError. Source: Zhang, Cisse, Dauphin, Lopez-Paz, "mixup: beyond empirical risk
/// minimization", ICLR 2018.
TENON_API double mixup(Tensor& images, Tensor& targets, double alpha, RandomKey key);

}  // namespace tenon::data
