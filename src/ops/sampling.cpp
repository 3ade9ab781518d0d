#include "tenon/ops/sampling.hpp"

#include <algorithm>

#include "ops/common.hpp"
#include "ops/logits.hpp"
#include "tenon/base/denormals.hpp"
#include "tenon/base/parallel.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon {
namespace {

struct Candidate {
  double weight;
  Index id;
};

bool is_likelier(const Candidate& a, const Candidate& b) {
  return a.weight != b.weight ? a.weight > b.weight : a.id < b.id;
}

/// Logits after the checks, as rows.
template <class T>
struct Rows {
  BasicTensor<T> values;
  Index count, v;
};

template <class T>
Rows<T> checked_rows(const char* op, const BasicTensor<T>& logits, const SamplingOptions& options) {
  const Shape& shape = detail::defined(op, logits.impl()).shape;
  if (shape.rank() == 0 || shape[shape.rank() - 1] == 0) {
    detail::fail<ShapeError>(op,
                             "logits must have shape (..., V) with V >= 1 ids to choose from, not ",
                             shape, "; hint: one row holds the logits of all ids");
  }
  if (!(options.temperature >= 0 && std::isfinite(options.temperature))) {
    detail::fail<ValueError>(
        op, "temperature must be finite and at least 0, not ", options.temperature,
        "; hint: below 1 the likely ids become likelier, 0 takes the likeliest");
  }
  if (options.top_k < 0) {
    detail::fail<ValueError>(op, "top_k must be at least 0, not ", options.top_k,
                             "; hint: 50 is usual, 0 sets no limit");
  }
  if (!(options.top_p > 0 && options.top_p <= 1)) {
    detail::fail<ValueError>(op, "top_p must lie in (0, 1], not ", options.top_p,
                             "; hint: it is a probability, 0.9 is usual, 1 sets no limit");
  }
  const Index v = shape[shape.rank() - 1];
  return {logits.contiguous(), shape.numel() / v, v};
}

/// The first of n candidates, the likeliest first, that make up the share of all their weights.
Index nucleus(Candidate* candidates, Index n, double share) {
  std::sort(candidates, candidates + n, is_likelier);
  double total = 0, sum = 0;
  for (Index i = 0; i < n; ++i) total += candidates[i].weight;
  for (Index i = 0; i < n; ++i) {
    sum += candidates[i].weight;
    if (sum >= share * total) return i + 1;
  }
  return n;
}

/// Fills candidates with those that may be drawn, in the order of their ids; returns their number.
template <class T>
Index choose_candidates(const char* op, const Rows<T>& rows, Index row,
                        const SamplingOptions& options, Candidate* candidates) {
  const T* x = rows.values.data() + row * rows.v;
  const T largest = detail::largest_logit(op, x, rows.v, row, rows.values.shape());
  if (largest == -std::numeric_limits<T>::infinity()) {
    detail::fail<ValueError>(
        op, "row ", row,
        " of the logits is -infinity throughout; hint: at least one id must be "
        "possible");
  }
  if (options.temperature == 0) {
    candidates[0] = {1, static_cast<Index>(std::find(x, x + rows.v, largest) - x)};
    return 1;
  }
  for (Index i = 0; i < rows.v; ++i) {
    const double distance = static_cast<double>(x[i]) - static_cast<double>(largest);
    candidates[i] = {std::exp(distance / options.temperature), i};
  }
  Index n = rows.v;
  if ((options.top_k == 0 || options.top_k >= n) && options.top_p == 1) return n;
  if (options.top_k > 0 && options.top_k < n) {
    n = options.top_k;
    std::nth_element(candidates, candidates + n, candidates + rows.v, is_likelier);
  }
  if (options.top_p < 1) n = nucleus(candidates, n, options.top_p);
  // In this order the same draw gives the same id, however the candidates were found.
  std::sort(candidates, candidates + n,
            [](const Candidate& a, const Candidate& b) { return a.id < b.id; });
  return n;
}

/// Calls f(row, candidates, n, the sum of their weights) for each row, in parallel.
template <class T, class F>
void for_each_row(const char* op, const Rows<T>& rows, const SamplingOptions& options, const F& f) {
  const detail::FlushDenormals flush;
  const Index grain = std::max<Index>(1, 4096 / rows.v);
  parallel_with_scratch<Candidate>(
      rows.count, grain, rows.v, [&](Candidate* candidates, Index begin, Index end) {
        for (Index row = begin; row < end; ++row) {
          const Index n = choose_candidates(op, rows, row, options, candidates);
          double total = 0;
          for (Index i = 0; i < n; ++i) total += candidates[i].weight;
          f(row, candidates, n, total);
        }
      });
}

}  // namespace

template <std::floating_point T>
BasicTensor<T> sampling_probabilities(const BasicTensor<T>& logits,
                                      const SamplingOptions& options) {
  constexpr const char* op = "sampling_probabilities";
  const detail::OpScope scope(op);
  const Rows<T> rows = checked_rows(op, logits, options);
  auto y = zeros<T>(logits.shape());
  for_each_row(op, rows, options,
               [&, out = y.data()](Index row, const Candidate* c, Index n, double total) {
                 for (Index i = 0; i < n; ++i) {
                   out[row * rows.v + c[i].id] = static_cast<T>(c[i].weight / total);
                 }
               });
  return y;
}

template <std::floating_point T>
LongTensor sample(const BasicTensor<T>& logits, const SamplingOptions& options,
                  Generator& generator) {
  const detail::OpScope scope("sample");
  const Rows<T> rows = checked_rows("sample", logits, options);
  Shape shape = logits.shape();
  shape.erase(shape.rank() - 1);
  auto y = LongTensor::empty(shape);
  const RandomKey key = generator.next();
  for_each_row("sample", rows, options,
               [&, out = y.data()](Index row, const Candidate* c, Index n, double total) {
                 const double target =
                     detail::uniform_at<double>(key, static_cast<std::uint64_t>(row)) * total;
                 double sum = 0;
                 Index last = 0;
                 for (Index i = 0; i < n && sum <= target; ++i) {
                   sum += c[i].weight;
                   if (c[i].weight > 0) last = i;
                 }
                 out[row] = c[last].id;
               });
  return y;
}

#define TENON_INSTANTIATE(T)                                                        \
  template TENON_API BasicTensor<T> sampling_probabilities(const BasicTensor<T>&,   \
                                                           const SamplingOptions&); \
  template TENON_API LongTensor sample(const BasicTensor<T>&, const SamplingOptions&, Generator&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
