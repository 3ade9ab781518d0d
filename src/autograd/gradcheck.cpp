#include "tenon/autograd/gradcheck.hpp"

#include <algorithm>
#include <cmath>

#include "sweep.hpp"
#include "tenon/base/error.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::detail {

namespace {

using Tensors = std::vector<DoubleTensor>;

DoubleTensor random_like(const DoubleTensor& y, std::uint64_t seed, std::uint64_t stream) {
  auto v = DoubleTensor::empty(y.shape());
  fill_normal(v.data(), v.numel(), {seed, stream}, 0, 1);
  return v;
}

double dot(const DoubleTensor& a, const DoubleTensor& b) {
  const DoubleTensor x = a.contiguous(), y = b.contiguous();
  double sum = 0;
  for (Index i = 0; i < x.numel(); ++i) sum += x.data()[i] * y.data()[i];
  return sum;
}

void add_to(Tensors& sums, const Tensors& leaves, const Gradients& gradients) {
  for (std::size_t k = 0; k < leaves.size(); ++k) {
    const DoubleTensor g = gradients.find(leaves[k]);
    if (!g.defined()) continue;
    for (Index i = 0; i < g.numel(); ++i) sums[k].data()[i] += g.data()[i];
  }
}

Tensors watched(Tape& tape, const Tensors& inputs) {
  Tensors leaves;
  for (const DoubleTensor& x : inputs) leaves.push_back(tape.watch(x));
  return leaves;
}

Tensors zeros_like_each(const Tensors& inputs) {
  Tensors zeros;
  for (const DoubleTensor& x : inputs) zeros.push_back(zeros_like(x));
  return zeros;
}

/// A scalar function of tensors, with its gradient by the tape: what both checks compare.
struct Checked {
  CheckedFunction f;
  std::uint64_t seed;

  DoubleTensor cotangent(const DoubleTensor& y) const { return random_like(y, seed, 0); }
};

struct FirstOrder : Checked {
  double value(const Tensors& inputs) const {
    const NoTape values_only;
    const DoubleTensor y = f(inputs);
    return dot(cotangent(y), y);
  }
  Tensors gradient(const Tensors& inputs) const {
    Tape tape;
    const Tensors leaves = watched(tape, inputs);
    Tensors sums = zeros_like_each(inputs);
    const DoubleTensor y = f(leaves);
    if (is_tracked(*y.impl())) add_to(sums, leaves, tape.gradients(y, cotangent(y)));
    return sums;
  }
};

struct SecondOrder : Checked {
  DoubleTensor direction(const DoubleTensor& x, std::size_t k) const {
    return random_like(x, seed, k + 1);
  }
  Gradients inner(Tape& tape, const Tensors& leaves) const {
    const DoubleTensor y = f(leaves);
    return is_tracked(*y.impl()) ? tape.gradients(y, cotangent(y)) : Gradients();
  }
  double value(const Tensors& inputs) const {
    Tape tape;
    const Tensors leaves = watched(tape, inputs);
    const Gradients first = inner(tape, leaves);
    double sum = 0;
    for (std::size_t k = 0; k < leaves.size(); ++k) {
      const DoubleTensor g = first.find(leaves[k]);
      if (g.defined()) sum += dot(direction(g, k), g);
    }
    return sum;
  }
  Tensors gradient(const Tensors& inputs) const {
    Tape outer;
    const Tensors leaves = watched(outer, inputs);
    Tensors sums = zeros_like_each(inputs);
    Tape tape;
    const Gradients first = inner(tape, leaves);
    for (std::size_t k = 0; k < leaves.size(); ++k) {
      const DoubleTensor g = first.find(leaves[k]);
      if (!g.defined() || !is_tracked(*g.impl())) continue;
      add_to(sums, leaves, outer.gradients(g, direction(g, k)));
    }
    return sums;
  }
};

template <class Function>
double central_difference(const Function& f, const Tensors& inputs, double& x, double step) {
  const double at = x, h = step * std::max(1.0, std::abs(at));
  x = at + h;
  const double above = f.value(inputs);
  x = at - h;
  const double below = f.value(inputs);
  x = at;
  return (above - below) / (2 * h);
}

template <class Function>
GradcheckResult compare(const Function& f, const Tensors& given, const GradcheckOptions& options) {
  Tensors inputs;
  for (const DoubleTensor& x : given) inputs.push_back(x.detach().clone());
  const Tensors gradients = f.gradient(inputs);
  GradcheckResult result;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    for (Index i = 0; i < inputs[k].numel(); ++i) {
      const double n = central_difference(f, inputs, inputs[k].data()[i], options.step);
      const double a = gradients[k].data()[i];
      const double error = std::abs(a - n) / std::max({1.0, std::abs(a), std::abs(n)});
      // Written so that a NaN counts as the largest error.
      if (!(error <= result.max_error)) {
        result.max_error = error;
        result.report = "input " + to_text(k) + ", element " + to_text(i) + ": tape " + to_text(a) +
                        ", difference " + to_text(n);
      }
      if (!(error <= options.tolerance)) result.passed = false;
    }
  }
  return result;
}

}  // namespace

GradcheckResult gradcheck(CheckedFunction f, const Tensors& inputs,
                          const GradcheckOptions& options) {
  return compare(FirstOrder{{f, options.seed}}, inputs, options);
}

GradcheckResult gradgradcheck(CheckedFunction f, const Tensors& inputs,
                              const GradcheckOptions& options) {
  return compare(SecondOrder{{f, options.seed}}, inputs, options);
}

}  // namespace tenon::detail
