#include <cmath>

#include "kernels/dropout_part.hpp"
#include "kernels/simd/attention_plan.hpp"
#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"
#include "tenon/base/parallel.hpp"
#include "tenon/kernels/attention.hpp"

namespace tenon::kernels {
namespace {

/// Where things lie in a task's room.
template <class T>
struct BackwardPlan {
  Index keys, size, value_size, queries;

  BackwardPlan(const AttentionDims& d, const TileKernels<T>& kernels)
      : keys(std::min(d.k_len, key_block)),
        size(Panels<T>(kernels, d.size).padded()),
        value_size(Panels<T>(kernels, d.value_size).padded()),
        queries(Queries::count(d)) {}

  Index rows() const { return std::min(queries, query_block); }
  Index scores() const { return 0; }
  Index score_gradients() const { return scores() + rows() * key_block; }
  Index key_columns() const { return score_gradients() + rows() * key_block; }
  Index value_columns() const { return key_columns() + key_block * size; }
  Index key_rows() const { return value_columns() + key_block * value_size; }
  Index query_rows() const { return key_rows() + keys * size; }
  Index output_rows() const { return query_rows() + rows() * size; }
  Index kept() const { return output_rows() + rows() * value_size; }
  Index means() const { return kept() + keys; }
  Index room() const { return means() + queries; }
};

template <class T>
struct BackwardArrays {
  const T *q, *k, *v, *y, *lse, *dy;
  T *dq, *dk, *dv;
};

/// Offsets that all tasks share: 0, 1, 2 ...; rows of scores; columns of scores as rows.
struct SharedOffsets {
  const Index *units, *score_rows;
};

/// One task: all queries of one head of keys.
template <class T>
class Backward {
 public:
  Backward(const AttentionDims& d, const AttentionMask<T>& mask, const BackwardArrays<T>& arrays,
           const BackwardPlan<T>& plan, const SharedOffsets& offsets, Index task, T* room)
      : d_(d),
        mask_(mask),
        a_(arrays),
        plan_(plan),
        offsets_(offsets),
        queries_(d, task),
        room_(room) {}

  void run() const {
    T* means = room_ + plan_.means();
    for (Index r = 0; r < plan_.queries; ++r) {
      const Index at_y = queries_.offset(d_.y, r);
      means[r] = rows_.dot(a_.dy + at_y, a_.y + at_y, d_.value_size);
      if (a_.dq != nullptr) std::fill_n(a_.dq + queries_.offset(d_.q, r), d_.size, T(0));
    }
    for (Index key = 0; key < d_.k_len; key += plan_.keys) {
      run_keys(key, std::min(plan_.keys, d_.k_len - key));
    }
  }

 private:
  /// The keys of one block, in the forms in which products read them, and where they lie.
  struct KeyBlock {
    Index first, count, at_k, at_v;
    Panels<T> panels;
    PanelOperand<T> key_columns, value_columns, key_rows;
  };

  void run_keys(Index first, Index count) const {
    const Index at_k = at(d_.k, queries_.n, queries_.kv_head, first);
    const Index at_v = at(d_.v, queries_.n, queries_.kv_head, first);
    clear(a_.dk, at_k, d_.k.step, count, d_.size);
    clear(a_.dv, at_v, d_.v.step, count, d_.value_size);
    const Panels<T> panels(tiles_, count);
    const KeyBlock block{first,
                         count,
                         at_k,
                         at_v,
                         panels,
                         pack_panels(tiles_, panels, a_.k + at_k, 1, d_.k.step, d_.size,
                                     room_ + plan_.key_columns()),
                         pack_panels(tiles_, panels, a_.v + at_v, 1, d_.v.step, d_.value_size,
                                     room_ + plan_.value_columns()),
                         rows_as_panels(tiles_, sizes_, a_.k + at_k, d_.k.step, d_.size, count,
                                        room_ + plan_.key_rows())};
    for (Index r = 0; r < plan_.queries; r += query_block) {
      run_block(block, r, std::min(query_block, plan_.queries - r));
    }
  }

  void run_block(const KeyBlock& block, Index first, Index rows) const {
    Index seen_by[query_block];
    for (Index r = 0; r < rows; ++r) seen_by[r] = visible(block, first + r);
    const Index seen = *std::max_element(seen_by, seen_by + rows);
    if (seen == 0) return;

    Index q_rows[query_block], y_rows[query_block];
    for (Index r = 0; r < rows; ++r) {
      q_rows[r] = queries_.offset(d_.q, first + r);
      y_rows[r] = queries_.offset(d_.y, first + r);
    }
    T *scores = room_ + plan_.scores(), *gradients = room_ + plan_.score_gradients();
    const Index* score_rows = offsets_.score_rows;
    multiply_block<T>(tiles_, block.panels, {rows, d_.size, seen, seen_by, nullptr}, {a_.q, q_rows},
                      offsets_.units, block.key_columns, {scores, score_rows}, false);
    multiply_block<T>(tiles_, block.panels, {rows, d_.value_size, seen, seen_by, nullptr},
                      {a_.dy, y_rows}, offsets_.units, block.value_columns, {gradients, score_rows},
                      false);
    for (Index r = 0; r < rows; ++r) {
      weigh(block, first + r, seen_by[r], seen, scores + score_rows[r], gradients + score_rows[r]);
    }

    if (a_.dq != nullptr) {
      multiply_block<T>(tiles_, sizes_, {rows, seen, d_.size, nullptr, seen_by},
                        {gradients, score_rows}, offsets_.units, block.key_rows, {a_.dq, q_rows},
                        true);
    }
    // Columns of scores are rows of the transposed matrix: neighbours lie one apart, its columns
    // as far as rows of scores do.
    Index k_rows[key_block], v_rows[key_block];
    for (Index j = 0; j < seen; ++j) {
      k_rows[j] = block.at_k + j * d_.k.step;
      v_rows[j] = block.at_v + j * d_.v.step;
    }
    if (a_.dk != nullptr) {
      const auto q = gathered(sizes_, a_.q, q_rows, rows, d_.size, room_ + plan_.query_rows());
      multiply_block<T>(tiles_, sizes_, {seen, rows, d_.size}, {gradients, offsets_.units},
                        score_rows, q, {a_.dk, k_rows}, true);
    }
    if (a_.dv != nullptr) {
      const auto dy =
          gathered(values_, a_.dy, y_rows, rows, d_.value_size, room_ + plan_.output_rows());
      multiply_block<T>(tiles_, values_, {seen, rows, d_.value_size}, {scores, offsets_.units},
                        score_rows, dy, {a_.dv, v_rows}, true);
    }
  }

  Index visible(const KeyBlock& block, Index row) const {
    const Index all = visible_keys(d_, mask_, queries_.n, queries_.step(row));
    return std::clamp<Index>(all - block.first, 0, block.count);
  }

  /// The n scores of a row become probabilities, gradients of probabilities those of scores; zeros
  /// from n up to seen.
  void weigh(const KeyBlock& block, Index row, Index n, Index seen, T* s, T* ds) const {
    const Index head = queries_.head(row), i = queries_.step(row);
    const T log_total = a_.lse[queries_.place(row)];
    if (log_total == lowest_score<T>) {
      std::fill_n(s, seen, T(0));
      std::fill_n(ds, seen, T(0));
      return;
    }
    const bool* keep = keep_row(mask_, queries_.n, head, i);
    const T* bias = bias_row(mask_, queries_.n, head, i);
    const T scale = static_cast<T>(d_.scale);
    const bool plain = keep == nullptr && bias == nullptr;
    if (!plain) {
      rows_.masked(s, n, scale, bias == nullptr ? bias : bias + block.first,
                   keep == nullptr ? keep : keep + block.first);
    }
    T* kept = nullptr;
    if (d_.dropout > 0) {
      kept = room_ + plan_.kept();
      dropout_mask_part(d_.key, d_.dropout, dropout_position(d_, queries_.n, head, i) + block.first,
                        n, kept);
    }
    rows_.backward(s, ds, n, seen, plain ? scale : T(1), log_total, room_[plan_.means() + row],
                   scale, kept);
  }

  /// Rows of queries as an operand: where they lie, if they are a step apart and whole vectors
  /// wide.
  PanelOperand<T> gathered(const Panels<T>& panels, const T* from, const Index* at_rows, Index rows,
                           Index n, T* to) const {
    const Index step = rows > 1 ? at_rows[1] - at_rows[0] : panels.padded();
    const bool even = at_rows[rows - 1] - at_rows[0] == (rows - 1) * step;
    if (even) return rows_as_panels(tiles_, panels, from + at_rows[0], step, n, rows, to);
    for (Index panel = 0; panel < panels.count(); ++panel) {
      const Index first = panels.begin(panel), width = panels.width(panel);
      for (Index r = 0; r < rows; ++r) {
        tiles_.pack(from + at_rows[r] + first, 0, 1, 1, panels.size(panel),
                    to + first * rows + r * width, width);
      }
    }
    return {to, 0, rows};
  }

  static void clear(T* x, Index first, Index step, Index count, Index n) {
    if (x == nullptr) return;
    for (Index j = 0; j < count; ++j) std::fill_n(x + first + j * step, n, T(0));
  }

  const TileKernels<T>& tiles_ = tile_kernels<T>();
  const AttentionSoftmaxKernels<T>& rows_ = attention_softmax_kernels<T>();
  const AttentionDims& d_;
  const AttentionMask<T>& mask_;
  const BackwardArrays<T>& a_;
  const BackwardPlan<T>& plan_;
  const SharedOffsets offsets_;
  const Queries queries_;
  const Panels<T> sizes_{tiles_, d_.size}, values_{tiles_, d_.value_size};
  T* room_;
};

}  // namespace

template <class T>
void attention_backward(const AttentionDims& d, const AttentionMask<T>& mask, const T* q,
                        const T* k, const T* v, const T* y, const T* lse, const T* dy, T* dq, T* dk,
                        T* dv) {
  count_attention_backward<T>(d);
  const detail::FlushDenormals flush;
  const BackwardPlan<T> plan(d, tile_kernels<T>());
  const Index unit_count = std::max({plan.keys, d.size, d.value_size});
  detail::Scratch<Index> units(unit_count), score_rows(query_block);
  fill_steps(units.data(), unit_count, 1);
  fill_steps(score_rows.data(), query_block, key_block);
  const SharedOffsets offsets{units.data(), score_rows.data()};
  const BackwardArrays<T> arrays{q, k, v, y, lse, dy, dq, dk, dv};
  parallel_with_scratch<T>(d.batch * d.kv_heads, 1, plan.room(),
                           [&](T* room, Index begin, Index end) {
                             for (Index task = begin; task < end; ++task) {
                               Backward<T>(d, mask, arrays, plan, offsets, task, room).run();
                             }
                           });
}

#define TENON_INSTANTIATE(T)                                                                    \
  template void attention_backward<T>(const AttentionDims&, const AttentionMask<T>&, const T*,  \
                                      const T*, const T*, const T*, const T*, const T*, T*, T*, \
                                      T*);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
