#include "tenon/ops/pool1d.hpp"

#include "ops/window.hpp"
#include "tenon/ops/avg_pool2d.hpp"
#include "tenon/ops/max_pool2d.hpp"
#include "tensor/checks.hpp"

namespace tenon {
namespace detail {
namespace {

void check_sequence(const char* op, const TensorImpl* x) {
  const Shape& shape = defined(op, x).shape;
  if (shape.rank() == 3) return;
  fail<ShapeError>(op, "x must have 3 axes (N, C, L) but its shape is ", shape,
                   shape.rank() == 2   ? "; hint: x.unsqueeze(0) makes a batch of one sequence"
                   : shape.rank() == 4 ? "; hint: images are pooled by the operation in 2d"
                                       : "; hint: reshape x to (N, C, L)");
}

void check_option(const char* op, const char* name, Index value, Index least) {
  if (value >= least && value <= max_window_option) [[likely]]
    return;
  fail<ValueError>(op, name, " must lie in [", least, ", ", max_window_option, "] but is ", value,
                   "; hint: it is counted in positions");
}

void check_window(const char* op, const TensorImpl* x, Index kernel, Index stride, Index padding,
                  Index dilation) {
  check_sequence(op, x);
  check_option(op, "kernel", kernel, 1);
  check_option(op, "stride", stride, 0);
  check_option(op, "padding", padding, 0);
  check_option(op, "dilation", dilation, 1);
  const Index extent = window_extent(kernel, dilation), length = x->shape[2];
  // Between two taps further apart than the sequence is long, a window could miss it.
  if (2 * padding > extent || (padding > 0 && kernel > 1 && dilation > length && length > 0)) {
    fail<ValueError>(op, "a window of ", kernel, " taps, dilation ", dilation, ", with padding ",
                     padding, " could lie outside of ", length,
                     " positions; hint: padding is at most half of what the window spans, and with "
                     "padding the dilation at most the length");
  }
  if (length < 1 || length + 2 * padding < extent) {
    fail<ShapeError>(op, "the window spans ", extent, " positions but the padded sequence has ",
                     length + 2 * padding, ": x ", to_string(x->shape, "NCL"),
                     "; hint: the sequence has been pooled too often, or take a smaller window");
  }
}

}  // namespace
}  // namespace detail

template <std::floating_point T>
BasicTensor<T> max_pool1d(const BasicTensor<T>& x, Index kernel, const MaxPool1dOptions& options) {
  const auto [stride, padding, dilation] = options;
  detail::check_window("max_pool1d", x.impl(), kernel, stride, padding, dilation);
  return max_pool2d(x.unsqueeze(2), {1, kernel},
                    {.stride = {1, stride}, .padding = {0, padding}, .dilation = {1, dilation}})
      .squeeze(2);
}

template <std::floating_point T>
BasicTensor<T> avg_pool1d(const BasicTensor<T>& x, Index kernel, const AvgPool1dOptions& options) {
  const auto [stride, padding, ceil_mode, count_include_pad] = options;
  detail::check_window("avg_pool1d", x.impl(), kernel, stride, padding, 1);
  return avg_pool2d(x.unsqueeze(2), {1, kernel},
                    {.stride = {1, stride},
                     .padding = {0, padding},
                     .ceil_mode = ceil_mode,
                     .count_include_pad = count_include_pad})
      .squeeze(2);
}

template <std::floating_point T>
BasicTensor<T> adaptive_avg_pool1d(const BasicTensor<T>& x, Index output_size) {
  detail::check_sequence("adaptive_avg_pool1d", x.impl());
  detail::check_option("adaptive_avg_pool1d", "output_size", output_size, 0);
  if (x.shape()[2] < 1) {
    detail::fail<ShapeError>(
        "adaptive_avg_pool1d", "a sequence must have at least one position: x ",
        to_string(x.shape(), "NCL"), "; hint: the sequence has been pooled too often");
  }
  return adaptive_avg_pool2d(x.unsqueeze(2), {1, output_size}).squeeze(2);
}

#define TENON_INSTANTIATE(T)                                                 \
  template TENON_API BasicTensor<T> max_pool1d(const BasicTensor<T>&, Index, \
                                               const MaxPool1dOptions&);     \
  template TENON_API BasicTensor<T> avg_pool1d(const BasicTensor<T>&, Index, \
                                               const AvgPool1dOptions&);     \
  template TENON_API BasicTensor<T> adaptive_avg_pool1d(const BasicTensor<T>&, Index);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
