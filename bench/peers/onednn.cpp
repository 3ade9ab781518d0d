// oneDNN at its best: it chooses the layout of every operand (format any), and operands are
// reordered to it beforehand, so only the primitive itself is timed.

#include <omp.h>

#include <dnnl.hpp>
#include <unordered_map>
#include <vector>

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

struct Step {
  dnnl::primitive primitive;
  std::unordered_map<int, memory> arguments;
};

/// A memory, and the tensor of the same sizes that shows what is in it.
struct Result {
  memory made;
  Tensor shown;
};

PeerWork work(const std::vector<Step>& steps, const std::vector<Result>& results) {
  return {[=] {
            for (const Step& step : steps) step.primitive.execute(stream(), step.arguments);
            stream().wait();
          },
          [=] {
            std::vector<Tensor> shown;
            for (Result result : results) {
              reorder(result.made, memory(plain(result.shown), engine(), result.shown.data()));
              shown.push_back(result.shown);
            }
            return shown;
          }};
}

/// The forward pass of a primitive from x, w and b, which may be undefined, to dst.
template <class Description>
Step forward_step(const Description& description, const Tensor& x, const Tensor& w, const Tensor& b,
                  const memory& dst) {
  Step step{dnnl::primitive(description),
            {{DNNL_ARG_SRC, in_layout(description.src_desc(), x)},
             {DNNL_ARG_WEIGHTS, in_layout(description.weights_desc(), w)},
             {DNNL_ARG_DST, dst}}};
  if (b.defined()) step.arguments.emplace(DNNL_ARG_BIAS, in_layout(plain(b), b));
  return step;
}

template <class Description>
PeerWork inference(const Description& description, const Tensor& x, const Tensor& w,
                   const Tensor& b, const Tensor& y) {
  const memory dst(description.dst_desc(), engine());
  return work({forward_step(description, x, w, b, dst)}, {{dst, y}});
}

PeerWork matmul(const Tensor& a, const Tensor& b) {
  const Tensor y = empty({a.size(0), b.size(1)});
  const dnnl::matmul::primitive_desc description(engine(), any(a), any(b), any(y));
  return inference(description, a, b, Tensor(), y);
}

PeerWork linear(const Tensor& x, const Tensor& w, const Tensor& b) {
  const Tensor y = empty({x.size(0), w.size(0)});
  const dnnl::inner_product_forward::primitive_desc description(
      engine(), dnnl::prop_kind::forward_inference, any(x), any(w), plain(b), any(y));
  return inference(description, x, w, b, y);
}

dnnl::convolution_forward::primitive_desc forward_description(dnnl::prop_kind kind, const Tensor& x,
                                                              const Tensor& w, const Tensor& b,
                                                              const Tensor& y,
                                                              const Conv2dOptions& options) {
  const memory::dims stride{options.stride.h, options.stride.w};
  const memory::dims padding{options.padding.h, options.padding.w};
  return {
      engine(), kind,   dnnl::algorithm::convolution_auto, any(x), any(w), plain(b), any(y), stride,
      padding,  padding};
}

PeerWork conv2d(const Tensor& x, const Tensor& w, const Tensor& b, const Conv2dOptions& options) {
  const Pair stride = options.stride, padding = options.padding.sizes();
  const Tensor y =
      empty({x.size(0), w.size(0), (x.size(2) + 2 * padding.h - w.size(2)) / stride.h + 1,
             (x.size(3) + 2 * padding.w - w.size(3)) / stride.w + 1});
  const auto kind = dnnl::prop_kind::forward_inference;
  return inference(forward_description(kind, x, w, b, y, options), x, w, b, y);
}

/// Each of the three primitives gets every operand in the layout it prefers itself.
PeerWork conv2d_train(const Tensor& x, const Tensor& w, const Tensor& b, const Tensor& dy,
                      const Conv2dOptions& options) {
  const memory::dims stride{options.stride.h, options.stride.w};
  const memory::dims padding{options.padding.h, options.padding.w};
  constexpr auto direct = dnnl::algorithm::convolution_direct;
  const auto forward = forward_description(dnnl::prop_kind::forward_training, x, w, b, dy, options);
  const dnnl::convolution_backward_data::primitive_desc to_input(
      engine(), direct, any(x), any(w), any(dy), stride, padding, padding, forward);
  const dnnl::convolution_backward_weights::primitive_desc to_weight(
      engine(), direct, any(x), any(w), plain(b), any(dy), stride, padding, padding, forward);

  const memory y(forward.dst_desc(), engine()), dx(to_input.diff_src_desc(), engine()),
      dw(to_weight.diff_weights_desc(), engine()), db(plain(b), engine());
  const Step input{dnnl::primitive(to_input),
                   {{DNNL_ARG_DIFF_DST, in_layout(to_input.diff_dst_desc(), dy)},
                    {DNNL_ARG_WEIGHTS, in_layout(to_input.weights_desc(), w)},
                    {DNNL_ARG_DIFF_SRC, dx}}};
  const Step weight{dnnl::primitive(to_weight),
                    {{DNNL_ARG_DIFF_DST, in_layout(to_weight.diff_dst_desc(), dy)},
                     {DNNL_ARG_SRC, in_layout(to_weight.src_desc(), x)},
                     {DNNL_ARG_DIFF_WEIGHTS, dw},
                     {DNNL_ARG_DIFF_BIAS, db}}};
  return work({forward_step(forward, x, w, b, y), input, weight},
              {{dx, empty(x.shape())}, {dw, empty(w.shape())}, {db, empty(b.shape())}});
}

const bool added = add_peer({"onednn", omp_set_num_threads, matmul, linear, conv2d, conv2d_train});

}  // namespace
}  // namespace tenon::bench
