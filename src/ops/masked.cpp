#include "tenon/ops/masked.hpp"

#include <algorithm>

#include "ops/common.hpp"
#include "ops/loss.hpp"
#include "ops/position_text.hpp"
#include "tenon/base/error.hpp"
#include "tenon/kernels/masked.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon {
namespace detail {
namespace {

using kernels::MaskedDims;

/// name: of the operand, for errors.
const Shape& checked_steps(const char* op, const TensorImpl* x, const char* name = "x") {
  const Shape& shape = defined(op, x).shape;
  if (shape.rank() >= 2) [[likely]]
    return shape;
  fail<ShapeError>(op, name, " must have shape (N, L, ...), L steps in each of N sequences, not ",
                   shape, "; hint: unsqueeze(0) makes a batch of one sequence");
}

/// The mask, contiguous, once it is known to fit.
BoolTensor mask_for(const char* op, const Shape& x, const BoolTensor& mask) {
  const Shape& shape = defined(op, mask.impl()).shape;
  if (!(shape == Shape{x[0], x[1]})) {
    fail<ShapeError>(op, "sequences ", to_string(x, "NL"), " want a mask of shape ",
                     Shape{x[0], x[1]}, " but it has ", shape,
                     "; hint: sequence_mask(lengths, L) makes one");
  }
  return mask.contiguous();
}

/// The same from lengths.
BoolTensor mask_for(const char* op, const Shape& x, const LongTensor& lengths) {
  const Shape& shape = defined(op, lengths.impl()).shape;
  if (!(shape == Shape{x[0]})) {
    fail<ShapeError>(op, "sequences ", to_string(x, "NL"), " want lengths of shape ", Shape{x[0]},
                     " but they have ", shape, "; hint: one length for each sequence");
  }
  return sequence_mask(lengths, x[1]);
}

/// (N, L, ...) seen as (N, L, D).
MaskedDims dims_of(const Shape& x) {
  Index d = 1;
  for (int i = 2; i < x.rank(); ++i) d *= x[i];
  return {x[0], x[1], d};
}

Shape without_steps(Shape x) {
  x.erase(1);
  return x;
}

// Adding up and spreading are linear, and each is the other's transpose.
template <class T>
BasicTensor<T> masked_spread(const BasicTensor<T>& dy_any, const Saved<bool>& mask,
                             const Shape& shape);

template <class T>
BasicTensor<T> masked_sum(const char* op, const BasicTensor<T>& x_any, const Saved<bool>& mask) {
  const OpScope scope(op);
  const auto x = x_any.contiguous();
  auto y = BasicTensor<T>::empty(without_steps(x.shape()));
  kernels::masked_sum(dims_of(x.shape()), mask->data(), x.data(), y.data());
  if (Recording recording{op, x}) {
    recording.rule(y, [mask](Sweep<T>& sweep) {
      sweep.add(0, masked_spread(sweep.dy(), mask, sweep.shape(0)));
    });
  }
  return y;
}

template <class T>
BasicTensor<T> masked_spread(const BasicTensor<T>& dy_any, const Saved<bool>& mask,
                             const Shape& shape) {
  const OpScope scope("masked_spread");
  const auto dy = dy_any.contiguous();
  auto dx = BasicTensor<T>::empty(shape);
  kernels::masked_spread(dims_of(shape), mask->data(), dy.data(), dx.data());
  if (Recording recording{"masked_spread", dy}) {
    recording.rule(
        dx, [mask](Sweep<T>& sweep) { sweep.add(0, masked_sum("masked_sum", sweep.dy(), mask)); });
  }
  return dx;
}

Index count_true(const bool* mask, Index n) { return std::count(mask, mask + n, true); }

/// How many real steps each sequence has, at least 1, in a shape that broadcasts to x's without its
/// steps.
template <class T>
BasicTensor<T> divisors(const BoolTensor& mask, int rank) {
  Shape shape = Shape::filled(rank, 1);
  shape[0] = mask.size(0);
  auto counts = BasicTensor<T>::empty(shape);
  const Index steps = mask.size(1);
  for (Index n = 0; n < mask.size(0); ++n) {
    const Index count = count_true(mask.data() + n * steps, steps);
    counts.data()[n] = static_cast<T>(std::max<Index>(1, count));
  }
  return counts;
}

template <class T>
BasicTensor<T> masked_mean(const BasicTensor<T>& x, const BoolTensor& mask) {
  return masked_sum("masked_mean", x, Saved(mask)) / divisors<T>(mask, x.rank() - 1);
}

template <class T>
BasicTensor<T> masked_max(const BasicTensor<T>& x_any, const BoolTensor& mask) {
  const OpScope scope("masked_max");
  const Shape& shape = x_any.shape();
  for (Index n = 0; n < shape[0]; ++n) {
    if (count_true(mask.data() + n * shape[1], shape[1]) > 0) continue;
    fail<ValueError>("masked_max", "sequence ", n, " of x ", to_string(shape, "NL"),
                     " has no real step, and there is no largest of no elements; hint: leave empty "
                     "sequences out of the batch");
  }
  const auto x = x_any.contiguous();
  auto y = BasicTensor<T>::empty(without_steps(shape));
  auto steps = LongTensor::empty(y.shape());
  kernels::masked_max(dims_of(shape), mask.data(), x.data(), y.data(), steps.data());
  if (Recording recording{"masked_max", x}) {
    recording.rule(
        y, [steps](Sweep<T>& sweep) { sweep.add(0, place(sweep.dy(), steps, 1, sweep.shape(0))); });
  }
  return y;
}

template <class T>
BasicTensor<T> masked_loss(const BasicTensor<T>& losses, const BoolTensor& mask,
                           Reduction reduction) {
  if (reduction == Reduction::none) {
    Shape shape = Shape::filled(losses.rank(), 1);
    shape[0] = mask.size(0);
    shape[1] = mask.size(1);
    return where(mask.reshape(shape), losses, 0);
  }
  const auto total = sum(masked_sum("masked_loss", losses, Saved(mask)));
  if (reduction == Reduction::sum) return total;
  return total / (count_true(mask.data(), mask.numel()) * dims_of(losses.shape()).d);
}

}  // namespace
}  // namespace detail

BoolTensor sequence_mask(const LongTensor& lengths_any, std::optional<Index> max_length) {
  const Shape& shape = detail::defined("sequence_mask", lengths_any.impl()).shape;
  if (shape.rank() != 1) {
    detail::fail<ShapeError>("sequence_mask", "lengths must have shape (N) but have ", shape,
                             "; hint: one length for each sequence");
  }
  const auto lengths = lengths_any.contiguous();
  const Index n = lengths.numel();
  const std::int64_t* length = lengths.data();
  const Index longest = n == 0 ? 0 : *std::max_element(length, length + n);
  const Index steps = max_length.value_or(longest);
  auto mask = BoolTensor::empty({n, std::max<Index>(0, steps)});
  bool* row = mask.data();
  for (Index i = 0; i < n; ++i, row += steps) {
    if (length[i] < 0 || length[i] > steps) {
      detail::fail<ValueError>("sequence_mask", detail::position_text("lengths", shape, i), " is ",
                               length[i], " but must be in [0, L=", steps,
                               "]; hint: a length counts the steps of its sequence before padding");
    }
    std::fill_n(row, length[i], true);
    std::fill_n(row + length[i], steps - length[i], false);
  }
  return mask;
}

template <std::floating_point T, detail::StepMask M>
BasicTensor<T> masked_sum(const BasicTensor<T>& x, const M& mask) {
  const Shape& shape = detail::checked_steps("masked_sum", x.impl());
  return detail::masked_sum("masked_sum", x,
                            detail::Saved(detail::mask_for("masked_sum", shape, mask)));
}

template <std::floating_point T, detail::StepMask M>
BasicTensor<T> masked_mean(const BasicTensor<T>& x, const M& mask) {
  const Shape& shape = detail::checked_steps("masked_mean", x.impl());
  return detail::masked_mean(x, detail::mask_for("masked_mean", shape, mask));
}

template <std::floating_point T, detail::StepMask M>
BasicTensor<T> masked_max(const BasicTensor<T>& x, const M& mask) {
  const Shape& shape = detail::checked_steps("masked_max", x.impl());
  return detail::masked_max(x, detail::mask_for("masked_max", shape, mask));
}

template <std::floating_point T, detail::StepMask M>
BasicTensor<T> masked_loss(const BasicTensor<T>& losses, const M& mask, Reduction reduction) {
  const Shape& shape = detail::checked_steps("masked_loss", losses.impl(), "losses");
  return detail::masked_loss(losses, detail::mask_for("masked_loss", shape, mask), reduction);
}

#define TENON_INSTANTIATE(T, M)                                                   \
  template TENON_API BasicTensor<T> masked_sum(const BasicTensor<T>&, const M&);  \
  template TENON_API BasicTensor<T> masked_mean(const BasicTensor<T>&, const M&); \
  template TENON_API BasicTensor<T> masked_max(const BasicTensor<T>&, const M&);  \
  template TENON_API BasicTensor<T> masked_loss(const BasicTensor<T>&, const M&, Reduction);
TENON_INSTANTIATE(float, BoolTensor)
TENON_INSTANTIATE(float, LongTensor)
TENON_INSTANTIATE(double, BoolTensor)
TENON_INSTANTIATE(double, LongTensor)
#undef TENON_INSTANTIATE

}  // namespace tenon
