#pragma once

#include <concepts>
#include <optional>

#include "tenon/ops/reduction.hpp"
#include "tenon/tensor/tensor.hpp"

/// Reductions over the real steps of sequences that were padded to one length. Which steps are real
/// is told by M mask, one of:
///   BoolTensor (N, L), true at real steps
///   LongTensor (N), the lengths of the sequences, in [0, L], whose padding stands behind them
/// What stands at the other steps never counts, even if it is NaN, and its gradient is 0. Throw
/// ShapeError where the shapes do not fit, ValueError for a length outside its range.
namespace tenon {

namespace detail {
template <class M>
concept StepMask = std::same_as<M, BoolTensor> || std::same_as<M, LongTensor>;
}  // namespace detail

/// y[n,l] = l < lengths[n]: true at the real steps.
/// lengths (N), each in [0, max_length]; without a max_length the largest one decides
/// y (N, max_length), a constant. Throws ValueError.
TENON_API BoolTensor sequence_mask(const LongTensor& lengths,
                                   std::optional<Index> max_length = std::nullopt);

/// y[n,...] = the sum of x[n,l,...] over the real steps l, 0 where there is none.
/// x (N, L, ...)   y (N, ...)   dx = dy at real steps. Saves the mask. Has derivatives of every
/// order.
template <std::floating_point T, detail::StepMask M>
TENON_API BasicTensor<T> masked_sum(const BasicTensor<T>& x, const M& mask);

/// y[n,...] = the mean of x[n,l,...] over the real steps l, 0 where there is none: an empty
/// sequence in a batch is no reason for NaN in every weight. Otherwise as masked_sum.
template <std::floating_point T, detail::StepMask M>
TENON_API BasicTensor<T> masked_mean(const BasicTensor<T>& x, const M& mask);

/// y[n,...] = the largest x[n,l,...] over the real steps l; NaN where one is NaN. The first of
/// equal elements gets dy, the others 0. Saves its step. Throws ValueError for a sequence without a
/// real step. Otherwise as masked_sum.
template <std::floating_point T, detail::StepMask M>
TENON_API BasicTensor<T> masked_max(const BasicTensor<T>& x, const M& mask);

/// What a loss makes of the real steps, from the losses of all steps one by one:
///   masked_loss(cross_entropy(logits, labels, {.reduction = Reduction::none}), lengths)
/// losses (N, L) or (N, L, ...); Reduction::none gives them with 0 at other steps, sum adds them
/// up, mean divides that by the number of losses at real steps of the whole batch (NaN where there
/// are none), so that a long sequence counts for more than a short one.
template <std::floating_point T, detail::StepMask M>
TENON_API BasicTensor<T> masked_loss(const BasicTensor<T>& losses, const M& mask,
                                     Reduction reduction = Reduction::mean);

}  // namespace tenon
