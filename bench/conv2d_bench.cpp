// Single-precision convolutions at the kernel level; argument: the number of threads. train is the
// forward pass and both gradients, counted as three times the work.

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "tenon/base/parallel.hpp"
#include "tenon/base/random.hpp"
#include "tenon/kernels/conv2d.hpp"

namespace {

using namespace tenon;

struct Case {
  Index n, c, size, o, kernel, stride, pad;

  kernels::Conv2dDims dims() const {
    kernels::Conv2dDims d{};
    d.n = n;
    d.c = c;
    d.h = d.w = size;
    d.o = o;
    d.kh = d.kw = kernel;
    d.out_h = d.out_w = (size + 2 * pad - kernel) / stride + 1;
    d.stride_h = d.stride_w = stride;
    d.pad_h = d.pad_w = pad;
    return d;
  }

  std::string name() const {
    const auto text = [](Index i) { return std::to_string(i); };
    return text(n) + "x" + text(c) + "x" + text(size) + "x" + text(size) + "->" + text(o) + " k" +
           text(kernel) + " s" + text(stride) + " p" + text(pad);
  }
};

/// Operands and results of one convolution.
struct Work {
  explicit Work(const Case& s)
      : d(s.dims()),
        x(random(d.n * d.c * d.h * d.w, 1)),
        w(random(d.o * d.c * d.kh * d.kw, 2)),
        b(random(d.o, 3)),
        y(static_cast<std::size_t>(d.n * d.o * d.out_h * d.out_w)),
        dy(random(static_cast<Index>(y.size()), 4)),
        dx(x.size()),
        dw(w.size()) {}

  static std::vector<float> random(Index n, std::uint64_t stream) {
    std::vector<float> values(static_cast<std::size_t>(n));
    detail::fill_normal(values.data(), n, {1, stream}, 0.0, 1.0);
    return values;
  }

  void forward() { kernels::conv2d_forward(d, x.data(), w.data(), b.data(), y.data()); }
  void backward_input() { kernels::conv2d_backward_input(d, dy.data(), w.data(), dx.data()); }
  void backward_weight() { kernels::conv2d_backward_weight(d, dy.data(), x.data(), dw.data()); }

  kernels::Conv2dDims d;
  std::vector<float> x, w, b, y, dy, dx, dw;
};

template <class F>
void add(const std::string& name, const Case& s, double passes, const F& run) {
  const auto body = [=](benchmark::State& state) {
    const ThreadScope threads(static_cast<int>(state.range(0)));
    Work work(s);
    for (auto _ : state) {
      run(work);
      benchmark::ClobberMemory();
    }
    const Index products = static_cast<Index>(work.y.size()) * s.c * s.kernel * s.kernel;
    state.counters["FLOP/s"] = benchmark::Counter(
        passes * 2 * static_cast<double>(products) * static_cast<double>(state.iterations()),
        benchmark::Counter::kIsRate);
  };
  benchmark::RegisterBenchmark(name.c_str(), body)
      ->ArgName("threads")
      ->Arg(1)
      ->Arg(2)
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime();
}

const auto register_all = [] {
  for (const Case& s : {Case{64, 1, 28, 32, 3, 1, 0},
                        {64, 32, 13, 64, 3, 1, 0},
                        {64, 64, 5, 64, 3, 1, 0},
                        {32, 3, 32, 32, 3, 1, 1},
                        {32, 64, 56, 64, 3, 1, 1},
                        {32, 128, 28, 128, 3, 1, 1},
                        {32, 128, 28, 256, 3, 2, 1},
                        {32, 256, 14, 256, 1, 1, 0}}) {
    add("conv2d/forward/" + s.name(), s, 1, [](Work& w) { w.forward(); });
    add("conv2d/backward_input/" + s.name(), s, 1, [](Work& w) { w.backward_input(); });
    add("conv2d/backward_weight/" + s.name(), s, 1, [](Work& w) { w.backward_weight(); });
    add("conv2d/train/" + s.name(), s, 3, [](Work& w) {
      w.forward();
      w.backward_input();
      w.backward_weight();
    });
  }
  return true;
}();

}  // namespace
