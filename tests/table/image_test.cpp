// Convolutions along one axis and three, what images are cut, resized and pooled with, and
// normalisations of groups of channels.

#include "table.hpp"
#include "tenon/ops/adaptive_max_pool2d.hpp"
#include "tenon/ops/conv1d.hpp"
#include "tenon/ops/conv3d.hpp"
#include "tenon/ops/group_norm.hpp"
#include "tenon/ops/interpolate.hpp"
#include "tenon/ops/max_unpool2d.hpp"
#include "tenon/ops/pad.hpp"
#include "tenon/ops/pixel_shuffle.hpp"
#include "tenon/ops/pool1d.hpp"
#include "tenon/ops/unfold.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

/// One number, for PyTorch writes it alone or in a list.
Index number(const Json& k, const char* name, Index otherwise) {
  if (!k.contains(name)) return otherwise;
  return k[name].is_array() ? k[name][0].get<Index>() : k[name].get<Index>();
}

Triple triple(const Json& k, const char* name, Index otherwise) {
  if (!k.contains(name) || !k[name].is_array()) return number(k, name, otherwise);
  return {k[name][0].get<Index>(), k[name][1].get<Index>(), k[name][2].get<Index>()};
}

bool is_same(const Json& k) { return k.contains("padding") && k["padding"] == "same"; }

UnfoldOptions windows(const Json& k) {
  return {.stride = pair_of(k, "stride", 1),
          .padding = pair_of(k, "padding", 0),
          .dilation = pair_of(k, "dilation", 1)};
}

InterpolateOptions resizing(const Json& k) {
  InterpolateOptions options{.align_corners = k.value("align_corners", false)};
  if (k.contains("size")) options.size = pair_of(k, "size", 0);
  if (k.contains("scale_factor")) {
    options.scale_factor = {k["scale_factor"][0].get<double>(), k["scale_factor"][1].get<double>()};
  }
  if (k.contains("mode")) options.mode = Interpolation::bilinear;
  return options;
}

PadMode mode_of(const Json& k) {
  const std::string name = k.value("mode", "constant");
  return name == "reflect"     ? PadMode::reflect
         : name == "replicate" ? PadMode::replicate
         : name == "circular"  ? PadMode::circular
                               : PadMode::constant;
}

template <class T>
BasicTensor<T> padded(const BasicTensor<T>& x, const Json& k) {
  const PadOptions options{.mode = mode_of(k), .value = k.value("value", 0.0)};
  std::vector<PadWidth> w;
  for (const auto& pair : k["widths"]) w.push_back({pair[0].get<Index>(), pair[1].get<Index>()});
  if (w.size() == 1) return pad(x, {w[0]}, options);
  return w.size() == 2 ? pad(x, {w[0], w[1]}, options) : pad(x, {w[0], w[1], w[2]}, options);
}

const Row rows[] = {
    {"conv1d",
     [](auto& in, const Json& k) {
       return conv1d(in["x"], in["w"], in["b"],
                     {.stride = number(k, "stride", 1),
                      .padding = is_same(k) ? Padding1d(Padding::same) : number(k, "padding", 0),
                      .dilation = number(k, "dilation", 1),
                      .groups = number(k, "groups", 1)});
     }},
    {"conv_transpose1d",
     [](auto& in, const Json& k) {
       return conv_transpose1d(in["x"], in["w"], in["b"],
                               {.stride = number(k, "stride", 1),
                                .padding = number(k, "padding", 0),
                                .output_padding = number(k, "output_padding", 0),
                                .dilation = number(k, "dilation", 1),
                                .groups = number(k, "groups", 1)});
     }},
    {"conv3d",
     [](auto& in, const Json& k) {
       return conv3d(in["x"], in["w"], in["b"],
                     {.stride = triple(k, "stride", 1),
                      .padding = is_same(k) ? Padding3d(Padding::same) : triple(k, "padding", 0),
                      .dilation = triple(k, "dilation", 1),
                      .groups = number(k, "groups", 1)});
     }},
    {"max_pool1d",
     [](auto& in, const Json& k) {
       return max_pool1d(in["x"], number(k, "kernel_size", 1),
                         {.stride = number(k, "stride", 0),
                          .padding = number(k, "padding", 0),
                          .dilation = number(k, "dilation", 1)});
     }},
    {"avg_pool1d",
     [](auto& in, const Json& k) {
       return avg_pool1d(in["x"], number(k, "kernel_size", 1),
                         {.stride = number(k, "stride", 0),
                          .padding = number(k, "padding", 0),
                          .ceil_mode = k.value("ceil_mode", false),
                          .count_include_pad = k.value("count_include_pad", true)});
     }},
    {"adaptive_avg_pool1d",
     [](auto& in, const Json& k) {
       return adaptive_avg_pool1d(in["x"], number(k, "output_size", 1));
     }},
    {"max_pool2d_with_indices",
     [](auto& in, const Json& k) {
       return max_pool2d_with_indices(in["x"], pair_of(k, "kernel_size", 1),
                                      {.stride = pair_of(k, "stride", 0),
                                       .padding = pair_of(k, "padding", 0),
                                       .dilation = pair_of(k, "dilation", 1)})
           .values;
     }},
    {"adaptive_max_pool2d",
     [](auto& in, const Json& k) {
       return adaptive_max_pool2d(in["x"], pair_of(k, "output_size", 1));
     }},
    {"adaptive_max_pool2d_with_indices",
     [](auto& in, const Json& k) {
       return adaptive_max_pool2d_with_indices(in["x"], pair_of(k, "output_size", 1)).values;
     }},
    {"max_unpool2d",
     [](auto& in, const Json& k) {
       MaxUnpool2dOptions options{.stride = pair_of(k, "stride", 0)};
       if (k.contains("output_size")) options.output_size = pair_of(k, "output_size", 0);
       return max_unpool2d(in["x"], in.ids("i"), pair_of(k, "kernel_size", 1), options);
     }},
    {"pad", [](auto& in, const Json& k) { return padded(in["x"], k); }},
    {"interpolate", [](auto& in, const Json& k) { return interpolate(in["x"], resizing(k)); }},
    {"pixel_shuffle",
     [](auto& in, const Json& k) { return pixel_shuffle(in["x"], number(k, "factor", 1)); }},
    {"pixel_unshuffle",
     [](auto& in, const Json& k) { return pixel_unshuffle(in["x"], number(k, "factor", 1)); }},
    {"unfold",
     [](auto& in, const Json& k) {
       return unfold(in["x"], pair_of(k, "kernel_size", 1), windows(k));
     }},
    {"fold",
     [](auto& in, const Json& k) {
       return fold(in["x"], pair_of(k, "output_size", 1), pair_of(k, "kernel_size", 1), windows(k));
     }},
    {"group_norm",
     [](auto& in, const Json& k) {
       return group_norm(in["x"], number(k, "groups", 1), in["w"], in["b"], k["eps"]);
     }},
    {"instance_norm",
     [](auto& in, const Json& k) {
       return instance_norm(in["x"], {}, {}, in["w"], in["b"], {.eps = k["eps"]});
     }},
    {"local_response_norm",
     [](auto& in, const Json& k) {
       return local_response_norm(in["x"], number(k, "size", 1),
                                  {.alpha = k["alpha"], .beta = k["beta"], .k = k["k"]});
     }},
};

}  // namespace

TEST_CASE("Operations of images agree with PyTorch", "[table]") { check_file("images"); }
