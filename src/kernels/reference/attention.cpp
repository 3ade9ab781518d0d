#include "tenon/kernels/attention.hpp"

#include <cmath>
#include <limits>

#include "kernels/attention_rows.hpp"
#include "kernels/dropout_part.hpp"
#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/base/parallel.hpp"

namespace tenon::kernels {
namespace {

template <class T>
double dot(const T* a, const T* b, Index n) {
  double sum = 0;
  for (Index i = 0; i < n; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

/// The arrays of one query, and the head of keys that it looks at.
template <class T>
struct Query {
  const AttentionDims& d;
  const AttentionMask<T>& mask;
  Index n, head, i;

  Index kv_head() const { return head / (d.heads / d.kv_heads); }
  Index keys() const { return visible_keys(d, mask, n, i); }

  /// scale q . k + bias, -infinity for keys that take no part.
  void scores(const T* q, const T* k, double* s) const {
    const bool* keep = keep_row(mask, n, head, i);
    const T* bias = bias_row(mask, n, head, i);
    const T* row = q + at(d.q, n, head, i);
    for (Index j = 0; j < keys(); ++j) {
      s[j] = d.scale * dot(row, k + at(d.k, n, kv_head(), j), d.size);
      if (bias != nullptr) s[j] += static_cast<double>(bias[j]);
      if (keep != nullptr && !keep[j]) s[j] = -std::numeric_limits<double>::infinity();
    }
  }

  /// What dropout multiplies each p with.
  void kept(double* factors) const {
    if (d.dropout == 0) {
      std::fill_n(factors, keys(), 1.0);
    } else {
      dropout_mask_part(d.key, d.dropout, dropout_position(d, n, head, i), keys(), factors);
    }
  }
};

/// Calls f(query, scratch) for every query of the heads that share one of keys.
template <class T, class F>
void for_each_query(const AttentionDims& d, const AttentionMask<T>& mask, Index task, const F& f) {
  const Index group = d.heads / d.kv_heads, n = task / d.kv_heads, g = task % d.kv_heads;
  for (Index head = g * group; head < (g + 1) * group; ++head) {
    for (Index i = 0; i < d.q_len; ++i) f(Query<T>{d, mask, n, head, i});
  }
}

/// Room for one query: its scores and what dropout makes of them, and a vector of sums.
struct Room {
  double *scores, *kept, *sums;

  Room(double* room, Index keys) : scores(room), kept(room + keys), sums(kept + keys) {}
  static Index size(const AttentionDims& d) { return 2 * d.k_len + std::max(d.size, d.value_size); }
};

constexpr double lowest = -std::numeric_limits<double>::infinity();

template <class T>
void attend(const Query<T>& query, const T* q, const T* k, const T* v, const Room& room, T* y,
            T* lse) {
  const AttentionDims& d = query.d;
  const Index keys = query.keys();
  const double* s = room.scores;
  query.scores(q, k, room.scores);
  query.kept(room.kept);
  double most = lowest, total = 0;
  for (Index j = 0; j < keys; ++j) most = s[j] > most || s[j] != s[j] ? s[j] : most;
  std::fill_n(room.sums, d.value_size, 0.0);
  const bool sees_any = most != lowest;
  for (Index j = 0; j < keys; ++j) {
    if (s[j] == lowest) continue;  // whatever its value holds
    const double p = std::exp(s[j] - most), weight = p * room.kept[j];
    total += p;
    const T* value = v + at(d.v, query.n, query.kv_head(), j);
    for (Index c = 0; c < d.value_size; ++c) room.sums[c] += weight * static_cast<double>(value[c]);
  }
  T* out = y + at(d.y, query.n, query.head, query.i);
  for (Index c = 0; c < d.value_size; ++c) {
    out[c] = static_cast<T>(sees_any ? room.sums[c] / total : 0.0);
  }
  if (lse != nullptr) {
    lse[(query.n * d.heads + query.head) * d.q_len + query.i] =
        static_cast<T>(sees_any ? most + std::log(total) : most);
  }
}

/// Sums of one head of keys' gradients.
struct KeySums {
  double *dk, *dv;
};

template <class T>
void add_gradients(const Query<T>& query, const T* q, const T* k, const T* v, const T* y,
                   const T* lse, const T* dy, const Room& room, const KeySums& sums, T* dq) {
  const AttentionDims& d = query.d;
  const double log_total =
      static_cast<double>(lse[(query.n * d.heads + query.head) * d.q_len + query.i]);
  const T* g = dy + at(d.y, query.n, query.head, query.i);
  const T* row = q + at(d.q, query.n, query.head, query.i);
  std::fill_n(room.sums, d.size, 0.0);
  const Index keys = log_total == lowest ? 0 : query.keys();
  query.scores(q, k, room.scores);
  query.kept(room.kept);
  const double mean = dot(g, y + at(d.y, query.n, query.head, query.i), d.value_size);
  for (Index j = 0; j < keys; ++j) {
    if (room.scores[j] == lowest) continue;
    const double p = std::exp(room.scores[j] - log_total), kept = room.kept[j];
    const T* key = k + at(d.k, query.n, query.kv_head(), j);
    const T* value = v + at(d.v, query.n, query.kv_head(), j);
    const double ds = d.scale * p * (kept * dot(g, value, d.value_size) - mean);
    for (Index c = 0; c < d.size; ++c) {
      room.sums[c] += ds * static_cast<double>(key[c]);
      sums.dk[j * d.size + c] += ds * static_cast<double>(row[c]);
    }
    for (Index c = 0; c < d.value_size; ++c) {
      sums.dv[j * d.value_size + c] += p * kept * static_cast<double>(g[c]);
    }
  }
  if (dq == nullptr) return;
  T* out = dq + at(d.q, query.n, query.head, query.i);
  for (Index c = 0; c < d.size; ++c) out[c] = static_cast<T>(room.sums[c]);
}

template <class T>
void write(const double* sums, Index size, const AttentionStrides& strides, Index n, Index head,
           Index steps, T* to) {
  if (to == nullptr) return;
  for (Index j = 0; j < steps; ++j) {
    T* out = to + at(strides, n, head, j);
    for (Index c = 0; c < size; ++c) out[c] = static_cast<T>(sums[j * size + c]);
  }
}

}  // namespace

template <class T>
void attention_forward(const AttentionDims& d, const AttentionMask<T>& mask, const T* q, const T* k,
                       const T* v, T* y, T* lse) {
  count_attention<T>(d);
  parallel_with_scratch<double>(
      d.batch * d.kv_heads, 1, Room::size(d), [&](double* scratch, Index begin, Index end) {
        const detail::FlushDenormals flush;
        const Room room(scratch, d.k_len);
        for (Index task = begin; task < end; ++task) {
          for_each_query(d, mask, task,
                         [&](const Query<T>& query) { attend(query, q, k, v, room, y, lse); });
        }
      });
}

template <class T>
void attention_backward(const AttentionDims& d, const AttentionMask<T>& mask, const T* q,
                        const T* k, const T* v, const T* y, const T* lse, const T* dy, T* dq, T* dk,
                        T* dv) {
  count_attention_backward<T>(d);
  const Index gradients = d.k_len * (d.size + d.value_size);
  parallel_with_scratch<double>(d.batch * d.kv_heads, 1, gradients + Room::size(d),
                                [&](double* scratch, Index begin, Index end) {
                                  const detail::FlushDenormals flush;
                                  const KeySums sums{scratch, scratch + d.k_len * d.size};
                                  const Room room(scratch + gradients, d.k_len);
                                  for (Index task = begin; task < end; ++task) {
                                    std::fill_n(scratch, gradients, 0.0);
                                    for_each_query(d, mask, task, [&](const Query<T>& query) {
                                      add_gradients(query, q, k, v, y, lse, dy, room, sums, dq);
                                    });
                                    const Index n = task / d.kv_heads, head = task % d.kv_heads;
                                    write(sums.dk, d.size, d.k, n, head, d.k_len, dk);
                                    write(sums.dv, d.value_size, d.v, n, head, d.k_len, dv);
                                  }
                                });
}

#define TENON_INSTANTIATE(T)                                                                    \
  template void attention_forward<T>(const AttentionDims&, const AttentionMask<T>&, const T*,   \
                                     const T*, const T*, T*, T*);                               \
  template void attention_backward<T>(const AttentionDims&, const AttentionMask<T>&, const T*,  \
                                      const T*, const T*, const T*, const T*, const T*, T*, T*, \
                                      T*);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
