#include "tenon/kernels/attention.hpp"

#include <cmath>

#include "kernels/dropout_part.hpp"
#include "kernels/simd/attention_plan.hpp"
#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"
#include "tenon/base/parallel.hpp"

namespace tenon::kernels {
namespace {

/// Multiplications that a thread should get at least.
constexpr Index thread_work = 1 << 18;
/// Queries that share packed keys, where samples and heads alone make too few tasks.
constexpr Index least_unit = 256, wanted_tasks = 32;
/// So few queries are dot products with the keys where they lie.
constexpr Index dot_queries = 4;

/// How queries are dealt to tasks, and the room that a task needs: functions of the sizes alone.
template <class T>
class ForwardPlan {
 public:
  ForwardPlan(const AttentionDims& d, const TileKernels<T>& kernels)
      : queries_(Queries::count(d)),
        unit_(unit_of(d)),
        values_(Panels<T>(kernels, d.value_size).padded()),
        rows_(std::min(unit_, query_block)),
        size_(d.size) {}

  Index units() const { return (queries_ + unit_ - 1) / unit_; }
  Index unit_begin(Index unit) const { return unit * unit_; }
  Index unit_end(Index unit) const { return std::min(queries_, (unit + 1) * unit_); }
  Index unit() const { return unit_; }

  // Where things lie in a task's room, which is the same for any number of keys: decoding step by
  // step finds it warm.
  Index scores() const { return 0; }
  Index packed_keys() const { return scores() + rows_ * key_block; }
  Index packed_values() const { return packed_keys() + key_block * size_; }
  Index kept() const { return packed_values() + key_block * values_; }
  Index most() const { return kept() + key_block; }
  Index total() const { return most() + unit_; }
  Index room() const { return total() + unit_; }

 private:
  Index unit_of(const AttentionDims& d) const {
    const Index all = queries_ * d.batch * d.kv_heads;
    const Index wanted = std::max(least_unit, (all + wanted_tasks - 1) / wanted_tasks);
    const Index whole = (wanted + query_block - 1) / query_block * query_block;
    return std::max<Index>(1, std::min(queries_, whole));
  }

  Index queries_, unit_, values_, rows_, size_;
};

/// One task: some queries of one head of keys.
template <class T>
class Forward {
 public:
  Forward(const AttentionDims& d, const AttentionMask<T>& mask, const ForwardPlan<T>& plan,
          const Index* units, const Index* score_rows, const Queries& queries, Index begin,
          Index end, T* room)
      : d_(d),
        mask_(mask),
        plan_(plan),
        units_(units),
        score_rows_(score_rows),
        queries_(queries),
        begin_(begin),
        end_(end),
        values_(tiles_, d.value_size),
        scores_(room + plan.scores()),
        packed_keys_(room + plan.packed_keys()),
        packed_values_(room + plan.packed_values()),
        kept_(room + plan.kept()),
        most_(room + plan.most()),
        total_(room + plan.total()) {}

  void run(const T* q, const T* k, const T* v, T* y, T* lse) {
    std::fill_n(most_, end_ - begin_, lowest_score<T>);
    std::fill_n(total_, end_ - begin_, T(0));
    if (d_.k_len == 0) clear(begin_, end_, y);
    for (Index key = 0; key < d_.k_len; key += key_block) {
      add_keys(key, std::min(key_block, d_.k_len - key), q, k, v, y);
    }
    for (Index r = begin_; r < end_; ++r) finish(r, y, lse);
  }

 private:
  /// Adds what a block of keys gives to all queries.
  void add_keys(Index key, Index keys, const T* q, const T* k, const T* v, T* y) {
    const bool uses_dots = end_ - begin_ <= dot_queries;
    const Panels<T> panels(tiles_, keys);
    const T* first_key = k + at(d_.k, queries_.n, queries_.kv_head, key);
    const T* first_value = v + at(d_.v, queries_.n, queries_.kv_head, key);
    PanelOperand<T> key_panels{}, value_panels{};
    bool packed = false;
    for (Index first = begin_; first < end_; first += query_block) {
      const Index rows = std::min(query_block, end_ - first);
      Index seen_by[query_block];
      for (Index r = 0; r < rows; ++r) seen_by[r] = visible(first + r, key, keys);
      const Index seen = *std::max_element(seen_by, seen_by + rows);
      if (seen == 0) {
        if (key == 0) clear(first, first + rows, y);
        continue;
      }
      if (!packed) {
        if (!uses_dots) {
          key_panels = pack_panels(tiles_, panels, first_key, 1, d_.k.step, d_.size, packed_keys_);
        }
        value_panels = rows_as_panels(tiles_, values_, first_value, d_.v.step, d_.value_size, keys,
                                      packed_values_);
        packed = true;
      }
      Index query_rows[query_block], output_rows[query_block];
      for (Index r = 0; r < rows; ++r) {
        query_rows[r] = queries_.offset(d_.q, first + r);
        output_rows[r] = queries_.offset(d_.y, first + r);
      }
      if (uses_dots) {
        for (Index r = 0; r < rows; ++r) {
          tiles_.dots(q + query_rows[r], first_key, d_.k.step, d_.size, seen,
                      scores_ + r * key_block);
        }
      } else {
        multiply_block<T>(tiles_, panels, {rows, d_.size, seen, seen_by, nullptr}, {q, query_rows},
                          units_, key_panels, {scores_, score_rows_}, false);
      }
      for (Index r = 0; r < rows; ++r) {
        weigh(first + r, key, seen_by[r], seen, scores_ + r * key_block, y + output_rows[r]);
      }
      multiply_block<T>(tiles_, values_, {rows, seen, d_.value_size, nullptr, seen_by},
                        {scores_, score_rows_}, units_, value_panels, {y, output_rows}, key > 0);
    }
  }

  /// Keys of the block that a query sees.
  Index visible(Index row, Index key, Index keys) const {
    const Index all = visible_keys(d_, mask_, queries_.n, queries_.step(row));
    return std::clamp<Index>(all - key, 0, keys);
  }

  /// Turns the n scores of a row to weights relative to the largest score so far, to which what has
  /// been summed is brought down; zeros from n up to seen.
  void weigh(Index row, Index key, Index n, Index seen, T* s, T* y) {
    T &most = most_[row - begin_], &total = total_[row - begin_];
    const Index head = queries_.head(row), i = queries_.step(row);
    const bool* keep = keep_row(mask_, queries_.n, head, i);
    const T* bias = bias_row(mask_, queries_.n, head, i);
    T scale = static_cast<T>(d_.scale), largest;
    if (keep == nullptr && bias == nullptr && scale > 0) {
      largest = scale * rows_.largest(s, n);
    } else {
      largest = rows_.masked(s, n, scale, bias == nullptr ? bias : bias + key,
                             keep == nullptr ? keep : keep + key);
      scale = 1;
    }
    const T before = most;
    if (largest > before) most = largest;
    if (most == lowest_score<T>) {
      // No key takes part so far, unless all scores are NaN, which a maximum of vectors may drop.
      if (std::none_of(s, s + n, [](T score) { return std::isnan(score); })) {
        std::fill_n(s, seen, T(0));
        return;
      }
      most = std::numeric_limits<T>::quiet_NaN();
    }
    if (most > before && total != 0) {
      const T shrink = std::exp(before - most);
      total *= shrink;
      rows_.multiply(y, d_.value_size, shrink);
    }
    total += rows_.exponentials(s, n, seen, scale, most);
    if (d_.dropout > 0) {
      dropout_mask_part(d_.key, d_.dropout, dropout_position(d_, queries_.n, head, i) + key, n,
                        kept_);
      rows_.multiply_each(s, n, kept_);
    }
  }

  void clear(Index begin, Index end, T* y) const {
    for (Index r = begin; r < end; ++r) {
      std::fill_n(y + queries_.offset(d_.y, r), d_.value_size, T(0));
    }
  }

  void finish(Index row, T* y, T* lse) const {
    const T most = most_[row - begin_], total = total_[row - begin_];
    if (total != 0) rows_.multiply(y + queries_.offset(d_.y, row), d_.value_size, 1 / total);
    if (lse != nullptr) lse[queries_.place(row)] = total == 0 ? most : most + std::log(total);
  }

  const TileKernels<T>& tiles_ = tile_kernels<T>();
  const AttentionSoftmaxKernels<T>& rows_ = attention_softmax_kernels<T>();
  const AttentionDims& d_;
  const AttentionMask<T>& mask_;
  const ForwardPlan<T>& plan_;
  const Index *units_, *score_rows_;
  const Queries queries_;
  const Index begin_, end_;
  const Panels<T> values_;
  T *scores_, *packed_keys_, *packed_values_, *kept_, *most_, *total_;
};

}  // namespace

template <class T>
void attention_forward(const AttentionDims& d, const AttentionMask<T>& mask, const T* q, const T* k,
                       const T* v, T* y, T* lse) {
  count_attention<T>(d);
  const detail::FlushDenormals flush;
  const ForwardPlan<T> plan(d, tile_kernels<T>());
  const Index tasks = d.batch * d.kv_heads * plan.units();
  if (tasks == 0 || Queries::count(d) == 0) return;
  const Index unit_count = std::max(key_block, d.size);
  detail::Scratch<Index> units(unit_count), score_rows(query_block);
  fill_steps(units.data(), unit_count, 1);
  fill_steps(score_rows.data(), query_block, key_block);

  const Index work = plan.unit() * d.k_len * (d.size + d.value_size);
  const Index grain = std::max<Index>(1, thread_work / std::max<Index>(1, work));
  parallel_with_scratch<T>(tasks, grain, plan.room(), [&](T* room, Index begin, Index end) {
    for (Index task = begin; task < end; ++task) {
      const Index unit = task % plan.units();
      Forward<T>(d, mask, plan, units.data(), score_rows.data(), Queries(d, task / plan.units()),
                 plan.unit_begin(unit), plan.unit_end(unit), room)
          .run(q, k, v, y, lse);
    }
  });
}

#define TENON_INSTANTIATE(T)                                                                  \
  template void attention_forward<T>(const AttentionDims&, const AttentionMask<T>&, const T*, \
                                     const T*, const T*, T*, T*);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
