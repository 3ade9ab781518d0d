// What is done to images besides convolutions and pooling.

#include "function.hpp"
#include "tenon/ops/adaptive_max_pool2d.hpp"
#include "tenon/ops/avg_pool2d.hpp"
#include "tenon/ops/group_norm.hpp"
#include "tenon/ops/interpolate.hpp"
#include "tenon/ops/pad.hpp"
#include "tenon/ops/pixel_shuffle.hpp"
#include "tenon/ops/unfold.hpp"

namespace tenon::bench {
namespace {

const Shape shape{16, 32, 32, 32};
constexpr Index size = 16 * 32 * 32 * 32, padded = 16 * 32 * 36 * 36;

bool add_pad(const std::string& name, PadMode mode) {
  return add_function(name, shape, padded, [=](const Tensor& x) {
    return pad(x, {0, 0, 2, 2}, {.mode = mode});
  });
}

bool add_interpolate(const std::string& name, Interpolation mode) {
  return add_function(name, shape, 4 * size, [=](const Tensor& x) {
    return interpolate(x, {.scale_factor = 2, .mode = mode});
  });
}

const bool registered[] = {
    add_pad("pad", PadMode::constant),
    add_pad("pad_reflect", PadMode::reflect),
    add_pad("pad_replicate", PadMode::replicate),
    add_interpolate("interpolate_nearest", Interpolation::nearest),
    add_interpolate("interpolate_bilinear", Interpolation::bilinear),
    add_function("pixel_shuffle", shape, size, [](const Tensor& x) { return pixel_shuffle(x, 2); }),
    add_function("unfold", shape, 9 * size,
                 [](const Tensor& x) { return unfold(x, 3, {.padding = 1}); }),
    add_function("fold", {16, 32 * 9, 1024}, size,
                 [](const Tensor& x) { return fold(x, 32, 3, {.padding = 1}); }),
    add_function("adaptive_max_pool2d", shape, 16 * 32 * 49,
                 [](const Tensor& x) { return adaptive_max_pool2d(x, 7); }),
    add_function("adaptive_avg_pool2d", shape, 16 * 32 * 49,
                 [](const Tensor& x) { return adaptive_avg_pool2d(x, 7); }),
    add_function("group_norm", shape, size, [](const Tensor& x) { return group_norm(x, 8); }),
    add_function("instance_norm", shape, size, [](const Tensor& x) { return instance_norm(x); }),
    add_function("local_response_norm", shape, size,
                 [](const Tensor& x) { return local_response_norm(x, 5); })};

}  // namespace
}  // namespace tenon::bench
