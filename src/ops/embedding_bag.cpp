#include "tenon/ops/embedding_bag.hpp"

#include <algorithm>

#include "ops/embedding.hpp"
#include "ops/loss.hpp"
#include "tenon/base/parallel.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/embedding.hpp"
#include "tenon/ops/index.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon {
namespace detail {
namespace {

constexpr const char* embedding_bag_op = "embedding_bag";

/// The ids that count, bag after bag.
struct Bags {
  Index count = 0;    // of bags
  LongTensor ids;     // (n)
  LongTensor kept;    // (n), where these stood among all ids
  LongTensor bag;     // (n), ascending
  LongTensor starts;  // (count + 1)
};

/// Where each bag begins and the last one ends (B + 1), for ids of either shape.
LongTensor starts_of(const LongTensor& ids, const LongTensor& offsets_any, bool include_last) {
  if (!offsets_any.defined()) {
    if (ids.rank() != 2) {
      fail<ShapeError>(embedding_bag_op,
                       "ids must have shape (B, L), or (n) with offsets (B), but have ",
                       ids.shape(), "; hint: offsets name the beginning of each bag");
    }
    auto starts = LongTensor::empty({ids.shape()[0] + 1});
    for (Index b = 0; b < starts.numel(); ++b) starts.data()[b] = b * ids.shape()[1];
    return starts;
  }
  if (ids.rank() != 1 || offsets_any.rank() != 1) {
    fail<ShapeError>(embedding_bag_op,
                     "with offsets, ids must have shape (n) and offsets (B), not ", ids.shape(),
                     " and ", offsets_any.shape(), "; hint: ids (B, L) want no offsets");
  }
  const auto offsets = offsets_any.contiguous();
  const Index given = offsets.numel(), bags = given - (include_last ? 1 : 0), n = ids.numel();
  if (bags < 0) {
    fail<ValueError>(embedding_bag_op,
                     "offsets are empty, but with include_last_offset the last entry is the "
                     "number of ids; hint: leave include_last_offset out");
  }
  auto starts = LongTensor::empty({bags + 1});
  std::copy_n(offsets.data(), bags, starts.data());
  starts.data()[bags] = include_last ? offsets.data()[bags] : n;
  for (Index b = 0; b <= bags; ++b) {
    const Index start = starts.data()[b], before = b == 0 ? 0 : starts.data()[b - 1];
    const bool is_end = b == bags;
    const bool fits = is_end ? start == n && start >= before
                             : start >= before && start <= n && (b > 0 || start == 0);
    if (fits || (bags == 0 && n == 0)) [[likely]]
      continue;
    fail<ValueError>(embedding_bag_op,
                     is_end ? "the end of the last bag" : position_text("offsets", {bags}, b),
                     " is ", start, " but offsets must begin with 0, not decrease, and end with ",
                     n, ", the number of ids; hint: sums of the lengths before each bag");
  }
  return starts;
}

void check_id(const LongTensor& ids, Index position, Index rows) {
  const Index id = ids.data()[position];
  if (id >= 0 && id < rows) [[likely]]
    return;
  fail<IndexError>(embedding_bag_op, position_text("ids", ids.shape(), position), " is ", id,
                   " but the table has the rows 0 to ", rows - 1,
                   "; hint: num_embeddings is the largest id plus 1");
}

Bags bags_of(const LongTensor& ids_any, const LongTensor& offsets, bool include_last, Index rows,
             Index padding) {
  const auto ids = ids_any.contiguous();
  const auto all_starts = starts_of(ids, offsets, include_last);
  const Index n = ids.numel();
  Bags bags{all_starts.numel() - 1, LongTensor::empty({n}), LongTensor::empty({n}),
            LongTensor::empty({n}), LongTensor::empty({all_starts.numel()})};
  Index kept = 0;
  for (Index b = 0; b < bags.count; ++b) {
    bags.starts.data()[b] = kept;
    for (Index i = all_starts.data()[b]; i < all_starts.data()[b + 1]; ++i) {
      check_id(ids, i, rows);
      if (ids.data()[i] == padding) continue;
      bags.ids.data()[kept] = ids.data()[i];
      bags.kept.data()[kept] = i;
      bags.bag.data()[kept++] = b;
    }
  }
  bags.starts.data()[bags.count] = kept;
  bags.ids = bags.ids.narrow(0, 0, kept);
  bags.kept = bags.kept.narrow(0, 0, kept);
  bags.bag = bags.bag.narrow(0, 0, kept);
  return bags;
}

/// How many rows each bag has, at least 1: (B, 1).
template <class T>
BasicTensor<T> divisors(const Bags& bags) {
  auto counts = BasicTensor<T>::empty({bags.count, 1});
  const std::int64_t* const start = bags.starts.data();
  for (Index b = 0; b < bags.count; ++b) {
    counts.data()[b] = static_cast<T>(std::max<Index>(1, start[b + 1] - start[b]));
  }
  return counts;
}

/// The largest of each bag's rows (n, D), 0 for an empty bag.
template <class T>
BasicTensor<T> largest_rows(const BasicTensor<T>& rows, const Bags& bags) {
  const Index d = rows.shape()[1];
  if (rows.shape()[0] == 0) return add_rows(rows, bags.bag, bags.count);
  auto positions = LongTensor::empty({bags.count, d});
  auto is_empty = BoolTensor::empty({bags.count, 1});
  const T* const from = rows.data();
  const std::int64_t* const starts = bags.starts.data();
  std::int64_t* const to = positions.data();
  bool* const empty = is_empty.data();
  parallel_for(bags.count, 16, [&](Index begin, Index end) {
    for (Index b = begin; b < end; ++b) {
      empty[b] = starts[b] == starts[b + 1];
      std::fill_n(to + b * d, d, empty[b] ? 0 : starts[b]);
      for (Index i = starts[b] + 1; i < starts[b + 1]; ++i) {
        for (Index j = 0; j < d; ++j) {
          const T best = from[to[b * d + j] * d + j], x = from[i * d + j];
          // True for a larger number and for the first NaN.
          if (!(x <= best) && best == best) to[b * d + j] = i;
        }
      }
    }
  });
  return where(is_empty, 0, gather(rows, 0, positions));
}

template <class T>
void check_weights(const LongTensor& ids, const BasicEmbeddingBagOptions<T>& options) {
  const auto& weights = options.per_sample_weights;
  if (!weights.defined()) return;
  if (options.mode != BagMode::sum) {
    fail<ValueError>(embedding_bag_op,
                     "per_sample_weights are only for BagMode::sum; hint: a weighted mean is a "
                     "weighted sum divided by the sum of the weights");
  }
  check_same_shape(embedding_bag_op, "ids", ids.impl(), "per_sample_weights", weights.impl());
}

}  // namespace
}  // namespace detail

template <std::floating_point T>
BasicTensor<T> embedding_bag(const LongTensor& ids, const BasicTensor<T>& w,
                             const LongTensor& offsets,
                             const BasicEmbeddingBagOptions<T>& options) {
  const char* const embedding_bag_op = detail::embedding_bag_op;
  const detail::OpScope scope("embedding_bag");
  detail::defined(embedding_bag_op, ids.impl());
  const Shape& table = detail::defined(embedding_bag_op, w.impl()).shape;
  if (table.rank() != 2) {
    detail::fail<ShapeError>(embedding_bag_op,
                             "w must have 2 axes (V, D), a row for each id, but its shape is ",
                             table, "; hint: the ids come first: embedding_bag(ids, w)");
  }
  detail::check_weights(ids, options);
  const Index rows = table[0];
  const Index padding = options.padding_idx.value_or(-rows - 1);
  if (options.padding_idx && (padding < -rows || padding >= rows)) {
    detail::fail<IndexError>(embedding_bag_op, "padding_idx is ", padding, " but the table has ",
                             rows, " rows; hint: 0 is usual");
  }
  const Index padding_row = padding < 0 ? padding + rows : padding;
  const auto bags = detail::bags_of(ids, offsets, options.include_last_offset, rows, padding_row);
  auto values = embedding(bags.ids, w);
  if (options.per_sample_weights.defined()) {
    const auto each = index_select(options.per_sample_weights.flatten(), 0, bags.kept);
    values = values * each.unsqueeze(1);
  }
  if (options.mode == BagMode::max) return detail::largest_rows(values, bags);
  const auto total = detail::add_rows(values, bags.bag, bags.count);
  return options.mode == BagMode::sum ? total : total / detail::divisors<T>(bags);
}

template TENON_API Tensor embedding_bag(const LongTensor&, const Tensor&, const LongTensor&,
                                        const BasicEmbeddingBagOptions<float>&);
template TENON_API DoubleTensor embedding_bag(const LongTensor&, const DoubleTensor&,
                                              const LongTensor&,
                                              const BasicEmbeddingBagOptions<double>&);

}  // namespace tenon
