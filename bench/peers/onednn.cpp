// oneDNN at its best: it chooses the layout of every operand (format any), and operands are
// reordered to it beforehand, so only the primitive itself is timed.

#include <omp.h>

#include <dnnl.hpp>
#include <unordered_map>

#include "peer.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::bench {
namespace {

using dnnl::memory;
using Desc = memory::desc;

const dnnl::engine& engine() {
  static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

dnnl::stream& stream() {
  static dnnl::stream one(engine());
  return one;
}

memory::dims sizes(const Tensor& t) {
  memory::dims dims;
  for (int i = 0; i < t.rank(); ++i) dims.push_back(t.size(i));
  return dims;
}

Desc any(const Tensor& t) { return {sizes(t), memory::data_type::f32, memory::format_tag::any}; }

/// Row-major.
Desc plain(const Tensor& t) {
  memory::dims strides;
  for (int i = 0; i < t.rank(); ++i) strides.push_back(t.strides()[i]);
  return {sizes(t), memory::data_type::f32, strides};
}

void reorder(memory from, memory to) {
  dnnl::reorder(from, to).execute(stream(), from, to);
  stream().wait();
}

memory in_layout(const Desc& layout, const Tensor& t) {
  memory made(layout, engine());
  // oneDNN's memory takes no pointer to const, but a reorder only reads its source.
  reorder(memory(plain(t), engine(), const_cast<float*>(t.data())), made);
  return made;
}

/// The work of a primitive from x, w and b, which may be undefined; y has room for the result.
template <class Description>
PeerWork work(const Description& description, const Tensor& x, const Tensor& w, const Tensor& b,
              const Tensor& y) {
  const memory result(description.dst_desc(), engine());
  std::unordered_map<int, memory> arguments{
      {DNNL_ARG_SRC, in_layout(description.src_desc(), x)},
      {DNNL_ARG_WEIGHTS, in_layout(description.weights_desc(), w)},
      {DNNL_ARG_DST, result}};
  if (b.defined()) arguments.emplace(DNNL_ARG_BIAS, in_layout(plain(b), b));
  const dnnl::primitive primitive(description);
  return {[=] {
            primitive.execute(stream(), arguments);
            stream().wait();
          },
          [=] {
            reorder(result, memory(plain(y), engine(), const_cast<float*>(y.data())));
            return y;
          }};
}

PeerWork matmul(const Tensor& a, const Tensor& b) {
  const Tensor y = empty({a.size(0), b.size(1)});
  const dnnl::matmul::primitive_desc description(engine(), any(a), any(b), any(y));
  return work(description, a, b, Tensor(), y);
}

PeerWork linear(const Tensor& x, const Tensor& w, const Tensor& b) {
  const Tensor y = empty({x.size(0), w.size(0)});
  const dnnl::inner_product_forward::primitive_desc description(
      engine(), dnnl::prop_kind::forward_inference, any(x), any(w), plain(b), any(y));
  return work(description, x, w, b, y);
}

PeerWork conv2d(const Tensor& x, const Tensor& w, const Tensor& b, const Conv2dOptions& options) {
  const Pair stride = options.stride, padding = options.padding;
  const Tensor y =
      empty({x.size(0), w.size(0), (x.size(2) + 2 * padding.h - w.size(2)) / stride.h + 1,
             (x.size(3) + 2 * padding.w - w.size(3)) / stride.w + 1});
  const dnnl::convolution_forward::primitive_desc description(
      engine(), dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_auto, any(x),
      any(w), plain(b), any(y), {stride.h, stride.w}, {padding.h, padding.w},
      {padding.h, padding.w});
  return work(description, x, w, b, y);
}

const bool added = add_peer({"onednn", omp_set_num_threads, matmul, linear, conv2d});

}  // namespace
}  // namespace tenon::bench
