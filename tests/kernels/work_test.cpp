// What kernels report to profiles, against numbers worked out here.

#include <functional>

#include "kernel_support.hpp"
#include "tenon/kernels/activation.hpp"
#include "tenon/kernels/activations.hpp"
#include "tenon/kernels/adam.hpp"
#include "tenon/kernels/avg_pool2d.hpp"
#include "tenon/kernels/bce.hpp"
#include "tenon/kernels/compare.hpp"
#include "tenon/kernels/conv2d.hpp"
#include "tenon/kernels/copy.hpp"
#include "tenon/kernels/cross_entropy.hpp"
#include "tenon/kernels/dropout.hpp"
#include "tenon/kernels/elementwise.hpp"
#include "tenon/kernels/gemm.hpp"
#include "tenon/kernels/lstm.hpp"
#include "tenon/kernels/math.hpp"
#include "tenon/kernels/max_pool2d.hpp"
#include "tenon/kernels/reduce.hpp"
#include "tenon/kernels/sgd.hpp"
#include "tenon/kernels/softmax.hpp"
#include "tenon/profile/profiler.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

struct Work {
  Index flops, bytes;
  bool operator==(const Work &) const = default;
};
std::ostream &operator<<(std::ostream &out, const Work &work) {
  return out << work.flops << " flops, " << work.bytes << " bytes";
}

/// Kernels called by themselves run outside of everything that has a line of its own.
template <class F>
Work work_of(const F &f) {
  Profiler profiler({.measure_peak = false});
  f();
  profiler.stop();
  const ProfileCost cost = profiler.entries().back().total();
  return {cost.flops, cost.bytes};
}

/// Room for the operands of all cases.
template <class T>
struct Operands {
  std::vector<T> a = normal<T>(20000, 1), b = normal<T>(20000, 2), c = normal<T>(20000, 3),
                 d = normal<T>(20000, 4);
};

}  // namespace

TEMPLATE_TEST_CASE("elementwise kernels report an operation for each output", "[kernels][work]",
                   float, double) {
  using T = TestType;
  constexpr Index size = sizeof(T);
  Operands<T> x;
  T *a = x.a.data(), *b = x.b.data(), *y = x.c.data();
  CHECK(work_of([&] { kernels::add(flat<2>(37), a, b, y); }) == Work{37, 3 * 37 * size});
  CHECK(work_of([&] { kernels::pow(flat<2>(37), a, b, y); }) == Work{37, 3 * 37 * size});
  CHECK(work_of([&] { kernels::exp(flat<1>(37), a, y); }) == Work{37, 2 * 37 * size});
  CHECK(work_of([&] { kernels::sin(flat<1>(37), a, y); }) == Work{37, 2 * 37 * size});
  CHECK(work_of([&] { kernels::affine(flat<1>(37), T(2), T(3), a, y); }) ==
        Work{37, 2 * 37 * size});
  for (const T exponent : {T(0.5), T(1), T(2), T(3), T(-1), T(1.5)}) {
    CHECK(work_of([&] { kernels::pow_scalar(flat<1>(37), exponent, a, y); }) ==
          Work{37, 2 * 37 * size});
  }
  CHECK(work_of([&] { kernels::relu(flat<1>(37), a, y); }) == Work{37, 2 * 37 * size});
  CHECK(work_of([&] { kernels::tanh_backward(flat<2>(37), a, b, y); }) == Work{37, 3 * 37 * size});
  CHECK(work_of([&] { kernels::gelu(flat<1>(37), a, y); }) == Work{37, 2 * 37 * size});
  CHECK(work_of([&] { kernels::silu_backward(flat<2>(37), a, b, y); }) == Work{37, 3 * 37 * size});
  const T p[4] = {T(1), T(2), T(1), T(1)};
  CHECK(work_of([&] { kernels::elu_backward(flat<2>(37), p, a, b, y); }) ==
        Work{37, 3 * 37 * size});
  CHECK(work_of([&] { kernels::ramp(flat<1>(37), p, a, y); }) == Work{37, 2 * 37 * size});
  CHECK(work_of([&] { kernels::prelu_backward(flat<3>(37), a, b, b, y); }) ==
        Work{37, 4 * 37 * size});
  CHECK(work_of([&] { kernels::log1p(flat<1>(37), a, y); }) == Work{37, 2 * 37 * size});
  CHECK(work_of([&] { kernels::add_inplace<T>(37, a, y); }) == Work{37, 3 * 37 * size});
  CHECK(work_of([&] { kernels::scale_inplace(37, T(2), y); }) == Work{37, 2 * 37 * size});
  CHECK(work_of([&] { kernels::add(flat<2>(0), a, b, y); }) == Work{0, 0});

  // (3, 5) + (5) + a number: what is broadcast is read once.
  const auto row = dims<2>({3, 5}, {{5, 1}, {0, 1}});
  CHECK(work_of([&] { kernels::mul(row, a, b, y); }) == Work{15, (15 + 5 + 15) * size});
  const auto number = dims<2>({3, 5}, {{5, 1}, {0, 0}});
  CHECK(work_of([&] { kernels::mul(number, a, b, y); }) == Work{15, (15 + 1 + 15) * size});
}

TEMPLATE_TEST_CASE("moving and comparing are reported", "[kernels][work]", float, double) {
  using T = TestType;
  constexpr Index size = sizeof(T);
  Operands<T> x;
  T *a = x.a.data(), *b = x.b.data(), *y = x.c.data();
  bool flags[64] = {};
  const auto transposed = dims<1>({4, 6}, {{1, 4}});
  CHECK(work_of([&] { kernels::copy_strided(transposed, a, y); }) == Work{0, 2 * 24 * size});
  CHECK(work_of([&] { kernels::scatter_strided(transposed, a, y); }) == Work{0, 2 * 24 * size});
  CHECK(work_of([&] { kernels::scatter_add_strided(transposed, a, y); }) ==
        Work{24, 3 * 24 * size});
  CHECK(work_of([&] { kernels::fill(24, T(1), y); }) == Work{0, 24 * size});
  std::int32_t whole[24];
  CHECK(work_of([&] { kernels::cast(24, a, whole); }) == Work{0, 24 * (size + 4)});
  CHECK(work_of([&] { kernels::lt(flat<2>(24), a, b, flags); }) == Work{24, 24 * (2 * size + 1)});
  CHECK(work_of([&] { kernels::eq(flat<2>(24), whole, whole, flags); }) ==
        Work{0, 24 * (2 * 4 + 1)});
  CHECK(work_of([&] { kernels::where(flat<3>(24), flags, a, b, y); }) ==
        Work{0, 24 * (3 * size + 1)});
  CHECK(work_of([&] { kernels::dropout_mask(24, RandomKey{}, 0.5, y); }) == Work{0, 24 * size});
}

TEMPLATE_TEST_CASE("products report two operations for each multiply-add", "[kernels][work]", float,
                   double) {
  using T = TestType;
  constexpr Index size = sizeof(T);
  Operands<T> x;
  T *a = x.a.data(), *b = x.b.data(), *c = x.c.data();
  kernels::GemmDims d;
  d.m = 7, d.n = 11, d.k = 13;
  d.a_row = 13, d.a_col = 1, d.b_row = 11, d.b_col = 1, d.c_row = 11;
  const Index ab = 7 * 13 + 13 * 11;
  CHECK(work_of([&] { kernels::gemm<T>(d, a, b, c); }) ==
        Work{2 * 7 * 11 * 13, (ab + 7 * 11) * size});
  CHECK(work_of([&] { kernels::gemm<T>(d, a, b, c, true); }) ==
        Work{2 * 7 * 11 * 13, (ab + 2 * 7 * 11) * size});
  CHECK(work_of([&] { kernels::gemm<T>(d, a, b, c, false, {.bias = a, .relu = true}); }) ==
        Work{2 * 7 * 11 * 13, (ab + 7 * 11) * size});

  d.batch = 3, d.a_batch = 7 * 13, d.c_batch = 7 * 11;  // one b for all
  CHECK(work_of([&] { kernels::gemm<T>(d, a, b, c); }) ==
        Work{3 * 2 * 7 * 11 * 13, (3 * 7 * 13 + 13 * 11 + 3 * 7 * 11) * size});

  kernels::GemmDims dots;  // rows along k: another path
  dots.m = 1, dots.n = 40, dots.k = 100;
  dots.a_row = 100, dots.a_col = 1, dots.b_row = 1, dots.b_col = 100, dots.c_row = 40;
  CHECK(work_of([&] { kernels::gemm<T>(dots, a, b, c); }) ==
        Work{2 * 40 * 100, (100 + 4000 + 40) * size});

  dots.k = 0;
  CHECK(work_of([&] { kernels::gemm<T>(dots, a, b, c); }).flops == 0);
}

TEMPLATE_TEST_CASE("convolutions report their taps once, by whatever path", "[kernels][work]",
                   float, double) {
  using T = TestType;
  constexpr Index size = sizeof(T);
  Operands<T> x;
  T *a = x.a.data(), *b = x.b.data(), *c = x.c.data();
  const auto checked = [&](kernels::Conv2dDims d) {
    d.out_h = (d.h + 2 * d.pad_h - d.dilation_h * (d.kh - 1) - 1) / d.stride_h + 1;
    d.out_w = (d.w + 2 * d.pad_w - d.dilation_w * (d.kw - 1) - 1) / d.stride_w + 1;
    Index multiply_adds = 0;  // one by one, as a loop over the definition would do them
    for (Index n = 0; n < d.n; ++n)
      for (Index o = 0; o < d.o; ++o)
        for (Index i = 0; i < d.out_h * d.out_w; ++i) multiply_adds += d.c / d.groups * d.kh * d.kw;
    const Work expected{2 * multiply_adds,
                        (d.n * d.c * d.h * d.w + d.o * d.c / d.groups * d.kh * d.kw +
                         d.n * d.o * d.out_h * d.out_w) *
                            size};
    CHECK(work_of([&] { kernels::conv2d_forward(d, a, b, a, c, {.relu = true}); }) == expected);
    CHECK(work_of([&] { kernels::conv2d_backward_input(d, a, b, c); }) == expected);
    CHECK(work_of([&] { kernels::conv2d_backward_weight(d, a, b, c); }) == expected);
  };
  checked({2, 1, 9, 8, 5, 3, 3, 0, 0});
  checked({1, 16, 12, 12, 16, 3, 3, 0, 0, 1, 1, 1, 1});         // dx as a convolution of dy
  checked({2, 16, 6, 7, 12, 1, 1, 0, 0});                       // 1 x 1
  checked({1, 8, 9, 9, 4, 3, 3, 0, 0, 2, 2, 1, 1, 1, 1, 2});    // strides, groups
  checked({1, 6, 11, 11, 6, 3, 2, 0, 0, 1, 1, 0, 0, 2, 3, 6});  // dilated, depthwise
}

TEMPLATE_TEST_CASE("pooling and reductions are reported", "[kernels][work]", float, double) {
  using T = TestType;
  constexpr Index size = sizeof(T);
  Operands<T> x;
  T *a = x.a.data(), *b = x.b.data();
  std::vector<std::int32_t> argmax(2000);
  const kernels::Pool2dDims pool{2, 3, 9, 9, 3, 3, 4, 4, 2, 2};
  const Index in = 2 * 3 * 81, out = 2 * 3 * 16;
  for (const bool relu : {false, true}) {
    CHECK(work_of([&] { kernels::max_pool2d_forward(pool, a, b, argmax.data(), relu); }) ==
          Work{out * 9, (in + out) * size + out * 4});
  }
  CHECK(work_of([&] { kernels::max_pool2d_backward<T>(pool, b, argmax.data(), nullptr, a); }) ==
        Work{out, (in + out) * size + out * 4});
  CHECK(work_of([&] { kernels::max_pool2d_gather(pool, a, argmax.data(), b); }) ==
        Work{0, out * (2 * size + 4)});

  const kernels::AvgPool2dDims average{6, {9, 4, 3, 2}, {9, 4, 3, 2}};
  const kernels::AvgPool2dDims adaptive{6, {9, 4}, {9, 4}};
  CHECK(work_of([&] { kernels::avg_pool2d_forward(average, a, b); }) ==
        Work{out * 9, (in + out) * size});
  CHECK(work_of([&] { kernels::avg_pool2d_backward(average, b, a); }) ==
        Work{out * 9, (in + out) * size});
  CHECK(work_of([&] { kernels::avg_pool2d_forward(adaptive, a, b); }) ==
        Work{in, (in + out) * size});

  kernels::ReduceDims d{};
  d.rank = d.reduced_rank = 1;
  d.sizes[0] = 5, d.strides[0] = 1, d.reduced_sizes[0] = 7, d.reduced_strides[0] = 5;
  std::vector<Index> positions(5);
  CHECK(work_of([&] { kernels::sum(d, a, b); }) == Work{35, (35 + 5) * size});
  CHECK(work_of([&] { kernels::max(d, a, b, positions.data()); }) == Work{35, 40 * size + 5 * 8});
  CHECK(work_of([&] { kernels::max<T>(d, a, b, nullptr); }) == Work{35, 40 * size});
  d.reduced_strides[0] = 0;  // the sum of an expanded row
  CHECK(work_of([&] { kernels::sum(d, a, b); }) == Work{35, (5 + 5) * size});
}

TEMPLATE_TEST_CASE("softmax and losses are reported", "[kernels][work]", float, double) {
  using T = TestType;
  constexpr Index size = sizeof(T);
  Operands<T> x;
  T *a = x.a.data(), *b = x.b.data(), *c = x.c.data(), *y = x.d.data();
  for (const Index inner : {1, 4}) {
    const kernels::SoftmaxDims d{3, 10, inner};
    const Index n = 30 * inner;
    CHECK(work_of([&] { kernels::softmax_forward(d, a, y); }) == Work{5 * n, 2 * n * size});
    CHECK(work_of([&] { kernels::log_softmax_forward(d, a, y); }) == Work{5 * n, 2 * n * size});
    CHECK(work_of([&] { kernels::softmax_backward(d, a, b, y); }) == Work{4 * n, 3 * n * size});
    CHECK(work_of([&] { kernels::log_softmax_backward(d, a, b, y); }) == Work{4 * n, 3 * n * size});
  }
  const std::int64_t labels[4] = {0, 2, 1, -100};
  kernels::CrossEntropyDims d{4, 3};
  CHECK(work_of([&] { kernels::cross_entropy_forward(d, a, labels, b, y); }) ==
        Work{5 * 12 + 4, (2 * 12 + 2 * 4) * size + 4 * 8});
  CHECK(work_of([&] { kernels::cross_entropy_backward(d, a, labels, b, y); }) ==
        Work{3 * 12, (2 * 12 + 4) * size + 4 * 8});
  d.label_smoothing = 0.1;
  CHECK(work_of([&] { kernels::cross_entropy_forward(d, a, labels, b, y); }) ==
        Work{6 * 12, (3 * 12 + 4) * size + 4 * 8});
  std::fill(b, b + 20, T(0.5));
  CHECK(work_of([&] { kernels::bce_forward<T>(20, b, b, y); }) == Work{20, 60 * size});
  CHECK(work_of([&] { kernels::bce_backward<T>(20, a, b, c, y); }) == Work{20, 80 * size});
  CHECK(work_of([&] { kernels::bce_with_logits_forward<T>(20, a, b, y); }) == Work{20, 60 * size});
  CHECK(work_of([&] { kernels::bce_with_logits_backward<T>(20, a, b, c, y); }) ==
        Work{20, 80 * size});
}

TEMPLATE_TEST_CASE("recurrent networks report the products of real steps", "[kernels][work]", float,
                   double) {
  using T = TestType;
  constexpr Index size = sizeof(T), n = 3, l = 4, d = 2, s = 5, lengths[] = {4, 2, 0};
  Operands<T> x;
  const kernels::RecurrentDims dims{.n = n,
                                    .l = l,
                                    .d = d,
                                    .s = s,
                                    .outputs = s,
                                    .x_row = l * d,
                                    .x_step = d,
                                    .dx_row = l * d,
                                    .dx_step = d,
                                    .y_row = l * s,
                                    .y_step = s,
                                    .lengths = lengths};
  detail::Scratch<T> saved(kernels::lstm_saved_size<T>(dims));
  kernels::RecurrentForward<T> of;
  of.x = x.a.data();
  of.weights[0] = {x.b.data(), x.b.data() + 100, nullptr, nullptr, nullptr};
  of.y = x.c.data();
  of.saved = saved.data();
  // 6 steps, 40 and 100 weights.
  CHECK(work_of([&] { kernels::lstm_forward<T>(dims, of); }) ==
        Work{2 * 6 * 140, (12 + 60 + 140) * size});
  kernels::RecurrentBackward<T> g;
  g.dy = x.a.data();
  g.dy_row = l * s;
  g.dy_step = s;
  g.weights[0].w_hh = x.d.data();
  CHECK(work_of([&] { kernels::lstm_backward<T>(dims, of, g); }) ==
        Work{2 * 6 * 200, (12 + 60 + 280) * size});
  g.dx = x.d.data() + 200;
  g.weights[0].w_ih = x.d.data() + 400;
  CHECK(work_of([&] { kernels::lstm_backward<T>(dims, of, g); }) ==
        Work{2 * 6 * 280, (24 + 60 + 280) * size});
}

TEMPLATE_TEST_CASE("optimisers report the arrays that they pass over", "[kernels][work]", float,
                   double) {
  using T = TestType;
  constexpr Index size = sizeof(T);
  Operands<T> x;
  T *g = x.a.data(), *m = x.b.data(), *v = x.c.data(), *w = x.d.data();
  std::fill(v, v + 10, T(1));
  CHECK(work_of([&] { kernels::adam_step<T>(10, {}, g, m, v, w); }) == Work{140, 70 * size});
  CHECK(work_of([&] { kernels::adam_step<T>(10, {.weight_decay = 0.1}, g, m, v, w); }) ==
        Work{160, 70 * size});
  CHECK(work_of([&] { kernels::sgd_step<T>(10, {}, g, nullptr, w); }) == Work{20, 30 * size});
  kernels::SgdStep step{.momentum = 0.9, .weight_decay = 0.1, .nesterov = true};
  CHECK(work_of([&] { kernels::sgd_step<T>(10, step, g, m, w); }) == Work{90, 50 * size});
  step.first = true;
  CHECK(work_of([&] { kernels::sgd_step<T>(10, step, g, m, w); }) == Work{60, 40 * size});
}

TEST_CASE("nothing is reported where nobody profiles", "[kernels][work]") {
  Operands<float> x;
  Profiler profiler({.measure_peak = false});
  profiler.stop();
  kernels::add(flat<2>(37), x.a.data(), x.b.data(), x.c.data());
  CHECK(profiler.entries().back().total().flops == 0);
}
