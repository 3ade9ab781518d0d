// What it costs that results have the same bits at any number of threads. Each work is done in two
// ways with the same kernels:
//   by_shape     as Tenon does it: the shape decides how work is split and sums are ordered
//   by_threads   as it could be done without the promise: each thread takes an even share of the
//                terms, sums them into room of its own, and these sums are added thread by thread
// On one thread both are the same call. What the kernels' own partial sums cost there is measured
// by `adding_sums`: as many as conv2d's gradient of the weights is made of, beyond the one sum that
// a single thread needs. scripts/determinism_cost.py lets the ways take turns.

#include "case.hpp"
#include "same_result.hpp"
#include "sizes.hpp"
#include "tenon/base/parallel.hpp"
#include "tenon/kernels/conv2d.hpp"
#include "tenon/kernels/gemm.hpp"
#include "tenon/kernels/reduce.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::bench {
namespace {

/// Calls f(thread, begin, end) with every thread's even share of n items. Kernels that are called
/// there run on that thread alone.
template <class F>
void share_out(Index n, const F& f) {
  const Index threads = num_threads();
  parallel_chunks(threads, 1, [&](Index thread, Index, Index) {
    f(thread, n * thread / threads, n * (thread + 1) / threads);
  });
}

/// to += each of `count` arrays of `size` values, in their order. Threads own disjoint values of
/// to.
void add_sums(const float* from, Index count, Index size, float* to) {
  parallel_for(size, 1 << 14, [&](Index begin, Index end) {
    for (Index k = 0; k < count; ++k) {
      for (Index i = begin; i < end; ++i) to[i] += from[k * size + i];
    }
  });
}

/// Sums over all items: the first thread's goes to `to` itself, each other one's to room of its
/// own.
template <class F>
void sum_by_threads(Index items, Tensor& rooms, Tensor& to, const F& sum) {
  share_out(items, [&](Index thread, Index begin, Index end) {
    sum(begin, end, thread == 0 ? to.data() : rooms.data() + (thread - 1) * to.numel());
  });
  add_sums(rooms.data(), num_threads() - 1, to.numel(), to.data());
}

Tensor rooms_for(const Tensor& sum) { return empty({num_threads() - 1, sum.numel()}); }

struct ConvWeightGradient {
  kernels::Conv2dDims d;
  Tensor x, dy, result, rooms;

  explicit ConvWeightGradient(const Conv2dSizes& s)
      : d{.n = s.n,
          .c = s.c,
          .h = s.h,
          .w = s.h,
          .o = s.o,
          .kh = s.kernel,
          .kw = s.kernel,
          .out_h = s.out(),
          .out_w = s.out(),
          .stride_h = s.stride,
          .stride_w = s.stride,
          .pad_h = s.padding,
          .pad_w = s.padding},
        x(randn({s.n, s.c, s.h, s.h})),
        dy(randn({s.n, s.o, s.out(), s.out()})),
        result(empty({s.o, s.c, s.kernel, s.kernel})),
        rooms(rooms_for(result)) {}

  void by_shape() { kernels::conv2d_backward_weight(d, dy.data(), x.data(), result.data()); }

  void by_threads() {
    sum_by_threads(d.n, rooms, result, [&](Index begin, Index end, float* sum) {
      kernels::Conv2dDims part = d;
      part.n = end - begin;
      kernels::conv2d_backward_weight(part, dy.data() + begin * d.o * d.out_h * d.out_w,
                                      x.data() + begin * d.c * d.h * d.w, sum);
    });
  }
};

/// dw = dy^T x, a product whose k runs over the samples.
struct LinearWeightGradient {
  Index samples, features, outputs;
  Tensor x, dy, result, rooms;

  explicit LinearWeightGradient(const LinearSizes& s)
      : samples(s.m),
        features(s.k),
        outputs(s.n),
        x(randn({samples, features})),
        dy(randn({samples, outputs})),
        result(empty({outputs, features})),
        rooms(rooms_for(result)) {}

  void by_shape() { multiply(0, samples, result.data()); }
  void by_threads() {
    sum_by_threads(samples, rooms, result,
                   [&](Index begin, Index end, float* sum) { multiply(begin, end, sum); });
  }

  void multiply(Index begin, Index end, float* sum) const {
    const kernels::GemmDims d{.m = outputs,
                              .n = features,
                              .k = end - begin,
                              .a_row = 1,
                              .a_col = outputs,
                              .b_row = features,
                              .b_col = 1,
                              .c_row = features};
    kernels::gemm<float>(d, dy.data() + begin * outputs, x.data() + begin * features, sum);
  }
};

struct Sum {
  Tensor x, result, rooms;

  explicit Sum(Index n) : x(ones({n})), result(empty({1})), rooms(rooms_for(result)) {}

  void by_shape() { sum(0, x.numel(), result.data()); }
  void by_threads() {
    sum_by_threads(x.numel(), rooms, result,
                   [&](Index begin, Index end, float* to) { sum(begin, end, to); });
  }

  void sum(Index begin, Index end, float* to) const {
    kernels::ReduceDims d{};
    d.reduced_rank = 1;
    d.reduced_sizes[0] = end - begin;
    d.reduced_strides[0] = 1;
    kernels::sum(d, x.data() + begin, to);
  }
};

/// Every sum is one thread's in both ways; by_threads deals out rows evenly.
struct Matmul {
  Index m, k, n;
  Tensor a, b, result;

  explicit Matmul(const MatmulSizes& s)
      : m(s.m), k(s.k), n(s.n), a(randn({m, k})), b(randn({k, n})), result(empty({m, n})) {}

  void by_shape() { multiply(0, m); }
  void by_threads() {
    share_out(m, [&](Index, Index begin, Index end) { multiply(begin, end); });
  }

  void multiply(Index begin, Index end) {
    const kernels::GemmDims d{.m = end - begin,
                              .n = n,
                              .k = k,
                              .a_row = k,
                              .a_col = 1,
                              .b_row = n,
                              .b_col = 1,
                              .c_row = n};
    kernels::gemm<float>(d, a.data() + begin * k, b.data(), result.data() + begin * n);
  }
};

template <class Work, class Sizes>
void add(const std::string& what, double flops, double bytes, const Sizes& sizes) {
  const std::string name = "determinism/" + what;
  cases().push_back({name + "/by_shape", flops, bytes,
                     [=] { return [work = Work(sizes)]() mutable { work.by_shape(); }; }});
  cases().push_back({name + "/by_threads", flops, bytes, [=] {
                       Work work(sizes);
                       work.by_shape();
                       const Tensor expected = work.result.clone();
                       work.by_threads();
                       require_same_result(name, work.result, expected);
                       return [work]() mutable { work.by_threads(); };
                     }});
}

void add_adding_sums(Index count, Index size) {
  const double bytes = 4.0 * static_cast<double>((count + 1) * size);
  cases().push_back({"determinism/adding_sums/" + joined({count, size}), 0, bytes, [=] {
                       return [=, from = zeros({count - 1, size}), to = zeros({size})]() mutable {
                         add_sums(from.data(), count - 1, size, to.data());
                       };
                     }});
}

const bool registered = [] {
  for (const Conv2dSizes& s :
       {Conv2dSizes{64, 1, 28, 32, 3, 1, 0}, Conv2dSizes{64, 32, 13, 64, 3, 1, 0},
        Conv2dSizes{8, 128, 28, 128, 3, 1, 1}, Conv2dSizes{8, 128, 28, 256, 3, 2, 1}}) {
    add<ConvWeightGradient>("conv2d_dw/" + s.text(), s.flops(), 0, s);
  }
  for (const LinearSizes& s : {LinearSizes{128, 784, 256}, LinearSizes{4096, 64, 64}}) {
    add<LinearWeightGradient>("linear_dw/" + joined({s.m, s.k}) + "->" + std::to_string(s.n),
                              s.flops(), 0, s);
  }
  for (const Index n : {Index{1} << 16, Index{1} << 20, Index{1} << 22}) {
    add<Sum>("sum/" + std::to_string(n), 0, 4.0 * static_cast<double>(n), n);
  }
  for (const MatmulSizes& s : {MatmulSizes{256, 256, 256}, MatmulSizes{512, 512, 512}}) {
    add<Matmul>(s.name(), s.flops(), 0, s);
  }
  add_adding_sums(16, 16 * 32 * 64);   // of conv2d 64x32x13x13->64, Winograd's 16 frequencies
  add_adding_sums(4, 16 * 128 * 128);  // of conv2d 8x128x28x28->128
  return true;
}();

}  // namespace
}  // namespace tenon::bench
