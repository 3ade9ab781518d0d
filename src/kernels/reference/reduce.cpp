#include "tenon/kernels/reduce.hpp"

#include <cmath>
#include <limits>

#include "elementwise_loop.hpp"
#include "kernels/max_block.hpp"
#include "kernels/sum_block.hpp"
#include "tenon/base/memory.hpp"

namespace tenon::kernels {
namespace {

/// Rows of a tile that are summed one after another before pairwise summation takes over.
constexpr Index rows = 16;
/// Terms of one output that a thread takes at once: part of the order of summation, never changed
/// by the number of threads.
constexpr Index part = 1 << 16;
/// Outputs next to each other in memory that are summed together where the terms of one are not.
constexpr Index tile = 64;

/// Adds what it is given as a balanced binary tree would: the number of partial sums that wait at
/// level k is bit k of the count. Width sums run side by side. All sums are taken in double, which
/// leaves those of float with one rounding, the last.
template <Index Width>
class PairwiseSum {
 public:
  /// Takes the sum of one block from x[0 .. width), and leaves something else there.
  void add(double* x, Index width) {
    int level = 0;
    for (Index bits = count_++; bits & 1; bits >>= 1, ++level) {
      for (Index j = 0; j < width; ++j) x[j] = waiting_[level][j] + x[j];
    }
    for (Index j = 0; j < width; ++j) waiting_[level][j] = x[j];
  }

  template <class Out>
  void finish(Out* y, Index width) const {
    for (Index j = 0; j < width; ++j) {
      double total = 0;
      int level = 0;
      for (Index bits = count_; bits != 0; bits >>= 1, ++level) {
        if (bits & 1) total = waiting_[level][j] + total;
      }
      y[j] = static_cast<Out>(total);
    }
  }

 private:
  static constexpr int levels = 20;  // 2^20 blocks: a part has at most 2^16 runs
  Index count_ = 0;
  double waiting_[levels][Width];
};

/// One output's terms [begin, end).
template <Term term, class T>
double sum_terms(const ElementwiseDims<1>& terms, Index begin, Index end, const T* x) {
  PairwiseSum<1> total;
  const Index step = last_stride(terms, 0);
  for_each_run(terms, begin, end, [&](Index, Index n, const Index* offsets) {
    const T* run = x + offsets[0];
    for (Index i = 0; i < n; i += sum_block_size) {
      double s = sum_block<term>(run + i * step, std::min(sum_block_size, n - i), step);
      total.add(&s, 1);
    }
  });
  double result;
  total.finish(&result, 1);
  return result;
}

/// The terms [begin, end) of width <= tile outputs whose terms lie next to each other.
template <Term term, class T, class Out>
void sum_columns(const ElementwiseDims<1>& terms, Index begin, Index end, const T* x, Index width,
                 Out* y) {
  PairwiseSum<tile> total;
  const Index step = last_stride(terms, 0);
  for_each_run(terms, begin, end, [&](Index, Index n, const Index* offsets) {
    for (Index i = 0; i < n; i += rows) {
      double sums[tile];
      sum_rows<term>(x + offsets[0] + i * step, std::min(rows, n - i), step, width, sums);
      total.add(sums, width);
    }
  });
  total.finish(y, width);
}

ElementwiseDims<1> axes(int rank, const Index* sizes, const Index* strides) {
  ElementwiseDims<1> d;
  d.numel = 1;
  d.rank = rank;
  for (int i = 0; i < rank; ++i) {
    d.numel *= sizes[i];
    d.sizes[i] = sizes[i];
    d.strides[0][i] = strides[i];
  }
  return d;
}

/// How a reduction is cut into tasks: groups of `width` neighbouring outputs, and parts of the
/// terms of each. Task t works on outputs [first, first + width) and terms [begin, end).
struct Plan {
  ElementwiseDims<1> kept, terms;
  Index row;    // outputs along the last kept axis
  Index width;  // outputs a task works on side by side
  Index groups_in_row, groups, parts;

  Plan(const ReduceDims& dims, Index side_by_side)
      : kept(axes(dims.rank, dims.sizes, dims.strides)),
        terms(axes(dims.reduced_rank, dims.reduced_sizes, dims.reduced_strides)),
        row(dims.rank == 0 ? 1 : dims.sizes[dims.rank - 1]),
        width(side_by_side),
        groups_in_row((row + width - 1) / width),
        groups(kept.numel == 0 ? 0 : kept.numel / row * groups_in_row),
        parts(chunk_count(terms.numel, part)) {}

  /// Tasks that one thread should take at least.
  Index grain() const {
    const Index work = width * std::min(terms.numel, part) + 1;
    return std::max<Index>(1, 2 * cheap_grain / work);
  }

  /// Calls f(task's part, first output, outputs, offset in x, begin, end) for every task.
  template <class F>
  void run(const F& f) const {
    parallel_for(groups * parts, grain(), [&](Index begin, Index end) {
      for (Index task = begin; task < end; ++task) {
        const Index group = task / parts, p = task % parts;
        const Index in_row = group % groups_in_row * width;
        const Index first = group / groups_in_row * row + in_row;
        Index offset = 0;
        for_each_run(kept, first, first + 1,
                     [&](Index, Index, const Index* offsets) { offset = offsets[0]; });
        f(p, first, std::min(width, row - in_row), offset, p * part,
          std::min((p + 1) * part, terms.numel));
      }
    });
  }
};

/// Whether outputs next to each other have their terms next to each other, but not an output's own.
bool columns(const ReduceDims& dims) {
  return dims.rank > 0 && dims.strides[dims.rank - 1] == 1 && dims.reduced_rank > 0 &&
         dims.reduced_strides[dims.reduced_rank - 1] != 1;
}

template <class T>
struct Largest {
  T value;
  Index position;

  /// A candidate at a later position. NaN beats numbers; nothing beats the first NaN.
  void offer(T candidate, Index at) {
    if (candidate > value || (candidate != candidate && value == value)) {
      value = candidate;
      position = at;
    }
  }
};

template <class T>
Largest<T> max_terms(const ElementwiseDims<1>& terms, Index begin, Index end, const T* x) {
  Largest<T> largest{-std::numeric_limits<T>::infinity(), begin};
  const Index step = last_stride(terms, 0);
  for_each_run(terms, begin, end, [&](Index position, Index n, const Index* offsets) {
    const T* run = x + offsets[0];
    Index i = 0;
    for (; step == 1 && i < n; i += max_block_size) {
      const Index best = i + max_block(run + i, std::min(max_block_size, n - i));
      largest.offer(run[best], position + best);
    }
    for (; i < n; ++i) largest.offer(run[i * step], position + i);
  });
  return largest;
}

/// The product of one output's terms [begin, end), in double, whose range many factors of float may
/// need on the way. Partial products side by side, so that none waits for another.
template <class T>
double multiply_terms(const ElementwiseDims<1>& terms, Index begin, Index end, const T* x) {
  constexpr Index lanes = 16;
  double products[lanes];
  std::fill_n(products, lanes, 1.0);
  const Index step = last_stride(terms, 0);
  for_each_run(terms, begin, end, [&](Index, Index n, const Index* offsets) {
    const T* run = x + offsets[0];
    Index i = 0;
    if (step == 1) {
      for (; i + lanes <= n; i += lanes) {
        for (Index j = 0; j < lanes; ++j) products[j] *= static_cast<double>(run[i + j]);
      }
    }
    for (; i < n; ++i) products[i % lanes] *= static_cast<double>(run[i * step]);
  });
  for (Index half = lanes / 2; half > 0; half /= 2) {
    for (Index j = 0; j < half; ++j) products[j] *= products[j + half];
  }
  return products[0];
}

/// The same of width <= tile outputs whose terms lie next to each other.
template <class T>
void multiply_columns(const ElementwiseDims<1>& terms, Index begin, Index end, const T* x,
                      Index width, double* products) {
  std::fill_n(products, width, 1.0);
  const Index step = last_stride(terms, 0);
  for_each_run(terms, begin, end, [&](Index, Index n, const Index* offsets) {
    const T* row = x + offsets[0];
    for (Index i = 0; i < n; ++i, row += step) {
      for (Index j = 0; j < width; ++j) products[j] *= static_cast<double>(row[j]);
    }
  });
}

/// The sum of each part of the terms: of output i at sums[part * outputs + i].
template <Term term, class T, class Out>
void sum_parts(const Plan& plan, bool side_by_side, const T* x, Out* sums) {
  plan.run([&](Index p, Index first, Index width, Index offset, Index begin, Index end) {
    Out* out = sums + p * plan.kept.numel + first;
    if (side_by_side) {
      sum_columns<term>(plan.terms, begin, end, x + offset, width, out);
    } else {
      *out = static_cast<Out>(sum_terms<term>(plan.terms, begin, end, x + offset));
    }
  });
}

/// y = f(sum of the parts' sums)
template <class T, class F>
void finish(const Plan& plan, const double* sums, T* y, const F& f) {
  const Index outputs = plan.kept.numel;
  const ElementwiseDims<1> parts = axes(1, &plan.parts, &outputs);
  parallel_for(outputs, cheap_grain, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      const double sum =
          plan.parts == 1 ? sums[i] : sum_terms<Term::value>(parts, 0, plan.parts, sums + i);
      y[i] = static_cast<T>(f(sum));
    }
  });
}

}  // namespace

template <class T>
void sum(const ReduceDims& dims, const T* x, T* y) {
  count_reduce<T>(dims, bytes_of<T>(1));
  const detail::FlushDenormals flush;
  const bool side_by_side = columns(dims);
  const Plan plan(dims, side_by_side ? tile : 1);
  if (plan.terms.numel == 0) return std::fill(y, y + plan.kept.numel, T(0));
  if (plan.parts == 1) return sum_parts<Term::value>(plan, side_by_side, x, y);

  detail::Scratch<double> partial(plan.kept.numel * plan.parts);
  sum_parts<Term::value>(plan, side_by_side, x, partial.data());
  finish(plan, partial.data(), y, [](double sum) { return sum; });
}

template <class T>
void length(const ReduceDims& dims, const T* x, T* y) {
  count_reduce<T>(dims, bytes_of<T>(1));
  const detail::FlushDenormals flush;
  const bool side_by_side = columns(dims);
  const Plan plan(dims, side_by_side ? tile : 1);
  if (plan.terms.numel == 0) return std::fill(y, y + plan.kept.numel, T(0));
  detail::Scratch<double> partial(plan.kept.numel * plan.parts);
  sum_parts<Term::square>(plan, side_by_side, x, partial.data());
  finish(plan, partial.data(), y, [](double sum) { return std::sqrt(sum); });
}

template <class T>
void max(const ReduceDims& dims, const T* x, T* y, Index* argmax) {
  count_reduce<T>(dims, bytes_of<T>(1) + bytes_of<Index>(argmax == nullptr ? 0 : 1));
  const detail::FlushDenormals flush;
  const Plan plan(dims, 1);
  detail::Scratch<Largest<T>> partial(plan.kept.numel * plan.parts);
  plan.run([&](Index p, Index first, Index, Index offset, Index begin, Index end) {
    partial[first * plan.parts + p] = max_terms(plan.terms, begin, end, x + offset);
  });
  parallel_for(plan.kept.numel, cheap_grain, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      const Largest<T>* found = partial.data() + i * plan.parts;
      Largest<T> largest = found[0];
      for (Index p = 1; p < plan.parts; ++p) largest.offer(found[p].value, found[p].position);
      y[i] = largest.value;
      if (argmax != nullptr) argmax[i] = largest.position;
    }
  });
}

template <class T>
void prod(const ReduceDims& dims, const T* x, T* y) {
  count_reduce<T>(dims, bytes_of<T>(1));
  const detail::FlushDenormals flush;
  const bool side_by_side = columns(dims);
  const Plan plan(dims, side_by_side ? tile : 1);
  const Index outputs = plan.kept.numel;
  detail::Scratch<double> partial(outputs * plan.parts);
  plan.run([&](Index p, Index first, Index width, Index offset, Index begin, Index end) {
    double* out = partial.data() + p * outputs + first;
    if (side_by_side) {
      multiply_columns(plan.terms, begin, end, x + offset, width, out);
    } else {
      *out = multiply_terms(plan.terms, begin, end, x + offset);
    }
  });
  parallel_for(outputs, cheap_grain, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      double product = 1;
      for (Index q = 0; q < plan.parts; ++q) product *= partial[q * outputs + i];
      y[i] = static_cast<T>(product);
    }
  });
}

#define TENON_INSTANTIATE(T)                                \
  template void sum<T>(const ReduceDims&, const T*, T*);    \
  template void length<T>(const ReduceDims&, const T*, T*); \
  template void prod<T>(const ReduceDims&, const T*, T*);   \
  template void max<T>(const ReduceDims&, const T*, T*, Index*);

TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
