#include "tenon/kernels/conv2d.hpp"

#include "elementwise_loop.hpp"
#include "gemm_block.hpp"
#include "tenon/base/memory.hpp"

/// Convolution as a matrix product. One sample and group at a time, the pixels that each output
/// reads are laid out as a column ("im2col"): columns (C/groups KH KW, out_h out_w). Then
///   y = w columns,   the columns' gradient = w^T dy,   dw = dy columns^T.
namespace tenon::kernels {
namespace {

/// Multiplications that a thread should get at least.
constexpr Index thread_work = 1 << 19;
/// Tasks are dealt in at most so many chunks, each of which has its own scratch.
constexpr Index max_chunks = 32;
/// Each chunk of backward_weight has its own dw besides.
constexpr Index max_partial_weights = 16;
/// Values that a block of columns should take: it is written and read again from the cache.
constexpr Index block_values = 1 << 16;

/// What the three directions derive from the sizes.
struct Plan {
  Index c, o;       // channels of one group
  Index depth;      // rows of the columns: C/groups KH KW
  Index positions;  // outputs of one plane
  Index block;      // outputs that are laid out at a time
  bool direct;      // a 1x1 convolution reads the image itself

  explicit Plan(const Conv2dDims& d)
      : c(d.c / d.groups),
        o(d.o / d.groups),
        depth(c * d.kh * d.kw),
        positions(d.out_h * d.out_w),
        block(std::min(positions, std::max<Index>(64, block_values / std::max<Index>(1, depth)))),
        direct(d.kh * d.kw == 1 && d.stride_h == 1 && d.stride_w == 1 && d.pad_h == 0 &&
               d.pad_w == 0) {}

  bool empty() const { return depth == 0 || positions == 0 || o == 0; }
};

/// Work is dealt in whole tasks; the split follows from the sizes alone.
Index tasks_per_chunk(Index tasks, Index work_of_task, Index chunks) {
  return std::max(
      {Index{1}, thread_work / std::max<Index>(1, work_of_task), (tasks + chunks - 1) / chunks});
}

/// Calls f(i, j, n) for the runs of outputs (i, j .. j + n) that make up positions [begin, end).
template <class F>
void for_each_output_run(const Conv2dDims& d, Index begin, Index end, const F& f) {
  for (Index i = begin / d.out_w, j = begin % d.out_w, position = begin; position < end; ++i) {
    const Index n = std::min(d.out_w - j, end - position);
    f(i, j, n);
    position += n;
    j = 0;
  }
}

/// The part of outputs [j, j + n) whose column `first + j stride` is inside an image of this width.
struct Inside {
  Index begin, end;

  Inside(Index first, Index stride, Index width, Index j, Index n) {
    const Index low = first >= 0 ? 0 : (stride - 1 - first) / stride;
    const Index high = first >= width ? 0 : (width - 1 - first) / stride + 1;
    begin = std::clamp(low, j, j + n) - j;
    end = std::max(begin, std::clamp(high, j, j + n) - j);
  }
};

/// columns[(c, p, q), position - begin] = the pixel that this output reads through tap (p, q) of
/// channel c, 0 outside the image; x is one group of one sample.
template <class T>
void image_to_columns(const Conv2dDims& d, const Plan& plan, const T* x, Index begin, Index end,
                      T* columns) {
  T* out = columns;
  for (Index row = 0; row < plan.depth; ++row) {
    const Index q = row % d.kw, p = row / d.kw % d.kh, c = row / d.kw / d.kh;
    const Index first = q * d.dilation_w - d.pad_w;
    for_each_output_run(d, begin, end, [&](Index i, Index j, Index n) {
      const Index h = i * d.stride_h - d.pad_h + p * d.dilation_h;
      const Inside in(first, d.stride_w, d.w, j, h >= 0 && h < d.h ? n : 0);
      const T* pixel = x + (c * d.h + h) * d.w + first + j * d.stride_w;
      for (Index k = 0; k < in.begin; ++k) out[k] = T(0);
      if (d.stride_w == 1) {
        for (Index k = in.begin; k < in.end; ++k) out[k] = pixel[k];
      } else {
        for (Index k = in.begin; k < in.end; ++k) out[k] = pixel[k * d.stride_w];
      }
      for (Index k = in.end; k < n; ++k) out[k] = T(0);
      out += n;
    });
  }
}

/// The transpose of image_to_columns: adds every entry of the columns to the pixel it was read
/// from.
template <class T>
void columns_to_image(const Conv2dDims& d, const Plan& plan, const T* columns, Index begin,
                      Index end, T* dx) {
  const T* from = columns;
  for (Index row = 0; row < plan.depth; ++row) {
    const Index q = row % d.kw, p = row / d.kw % d.kh, c = row / d.kw / d.kh;
    const Index first = q * d.dilation_w - d.pad_w;
    for_each_output_run(d, begin, end, [&](Index i, Index j, Index n) {
      const Index h = i * d.stride_h - d.pad_h + p * d.dilation_h;
      const Inside in(first, d.stride_w, d.w, j, h >= 0 && h < d.h ? n : 0);
      T* pixel = dx + (c * d.h + h) * d.w + first + j * d.stride_w;
      if (d.stride_w == 1) {
        for (Index k = in.begin; k < in.end; ++k) pixel[k] += from[k];
      } else {
        for (Index k = in.begin; k < in.end; ++k) pixel[k * d.stride_w] += from[k];
      }
      from += n;
    });
  }
}

/// The columns [begin, end) of one group of one sample, laid out in scratch where they must be.
template <class T>
Matrix<T> columns_of(const Conv2dDims& d, const Plan& plan, const T* x, Index begin, Index end,
                     T* scratch) {
  if (plan.direct) return Matrix<T>{x + begin, plan.positions, 1};
  image_to_columns(d, plan, x, begin, end, scratch);
  return {scratch, end - begin, 1};
}

template <class T>
void apply(const ConvEpilogue& epilogue, Index n, T* y) {
  for (Index i = 0; i < n && epilogue.relu; ++i) y[i] = y[i] <= T(0) ? T(0) : y[i];
}

}  // namespace

/// The loops read the weights where they lie.
template <class T>
std::shared_ptr<const Conv2dPack<T>> conv2d_pack(const Conv2dDims&, const T*) {
  return nullptr;
}

template <class T>
void conv2d_forward(const Conv2dDims& d, const T* x, const T* w, const T* b, T* y,
                    const ConvEpilogue& epilogue, const Conv2dPack<T>*) {
  count_conv2d<T>(d);
  const detail::FlushDenormals flush;
  const Plan plan(d);
  if (plan.positions == 0) return;
  if (plan.empty()) {
    for (Index k = 0; k < d.n * d.o * plan.positions; ++k) {
      y[k] = b == nullptr ? T(0) : b[k / plan.positions % d.o];
    }
    return apply(epilogue, d.n * d.o * plan.positions, y);
  }
  const Index blocks = chunk_count(plan.positions, plan.block);
  const Index tasks = d.n * d.groups * blocks;
  const Index grain = tasks_per_chunk(tasks, plan.o * plan.depth * plan.block, max_chunks);
  const Index columns_size = plan.depth * plan.block;
  const Index scratch_size = columns_size + multiply_scratch<T>(plan.block, plan.depth);
  parallel_with_scratch<T>(tasks, grain, scratch_size, [&](T* own, Index first, Index last) {
    for (Index task = first; task < last; ++task) {
      const Index plane = task / blocks, begin = task % blocks * plan.block;
      const Index end = std::min(begin + plan.block, plan.positions);
      const Index group = plane % d.groups;
      const Matrix<T> columns =
          columns_of(d, plan, x + plane * plan.c * d.h * d.w, begin, end, own);
      T* out = y + plane * plan.o * plan.positions + begin;
      for (Index o = 0; o < plan.o && b != nullptr; ++o) {
        std::fill_n(out + o * plan.positions, end - begin, b[group * plan.o + o]);
      }
      multiply({w + group * plan.o * plan.depth, plan.depth, 1}, columns, plan.o, end - begin,
               plan.depth, out, plan.positions, b != nullptr, own + columns_size);
    }
  });
  apply(epilogue, d.n * d.o * plan.positions, y);
}

template <class T>
void conv2d_backward_input(const Conv2dDims& d, const T* dy, const T* w, T* dx, const T* b) {
  count_conv2d<T>(d);
  const detail::FlushDenormals flush;
  const Plan plan(d);
  if (plan.empty()) std::fill(dx, dx + d.n * d.c * d.h * d.w, T(0));
  const Index tasks = plan.empty() ? 0 : d.n * d.groups, image = plan.c * d.h * d.w;
  const Index grain = tasks_per_chunk(tasks, plan.o * plan.depth * plan.positions, max_chunks);
  const Index columns_size = plan.direct ? 0 : plan.depth * plan.block;
  const Index scratch_size = columns_size + multiply_scratch<T>(plan.block, plan.o);
  parallel_with_scratch<T>(tasks, grain, scratch_size, [&](T* own, Index first, Index last) {
    for (Index task = first; task < last; ++task) {
      const Matrix<T> weight{w + task % d.groups * plan.o * plan.depth, 1, plan.depth};
      const Matrix<T> gradient{dy + task * plan.o * plan.positions, plan.positions, 1};
      T* out = dx + task * image;
      if (!plan.direct) std::fill_n(out, image, T(0));
      for (Index begin = 0; begin < plan.positions; begin += plan.block) {
        const Index end = std::min(begin + plan.block, plan.positions);
        multiply(weight, gradient.from(0, begin), plan.depth, end - begin, plan.o,
                 plan.direct ? out + begin : own, plan.direct ? plan.positions : end - begin, false,
                 own + columns_size);
        if (!plan.direct) columns_to_image(d, plan, own, begin, end, out);
      }
    }
  });
  for (Index k = 0; b != nullptr && k < d.n * d.c * d.h * d.w; ++k) {
    dx[k] += b[k / (d.h * d.w) % d.c];
  }
}

template <class T>
void conv2d_backward_weight(const Conv2dDims& d, const T* dy, const T* x, T* dw) {
  count_conv2d<T>(d);
  const detail::FlushDenormals flush;
  const Plan plan(d);
  const Index weights = d.o * plan.depth;
  if (plan.empty() || d.n == 0) return std::fill(dw, dw + weights, T(0));
  const Index grain = tasks_per_chunk(d.n, d.o * plan.depth * plan.positions, max_partial_weights);
  const Index chunks = chunk_count(d.n, grain);
  const Index columns_size = plan.depth * plan.block;
  const Index scratch_size = columns_size + multiply_scratch<T>(plan.depth, plan.block);
  detail::Scratch<T> partial(chunks * weights);

  parallel_with_scratch<T>(d.n, grain, scratch_size, [&](T* own, Index first, Index last) {
    T* sums = partial.data() + first / grain * weights;
    for (Index plane = first * d.groups; plane < last * d.groups; ++plane) {
      T* sum = sums + plane % d.groups * plan.o * plan.depth;
      const Matrix<T> gradient{dy + plane * plan.o * plan.positions, plan.positions, 1};
      for (Index begin = 0; begin < plan.positions; begin += plan.block) {
        const Index end = std::min(begin + plan.block, plan.positions);
        const Matrix<T> columns =
            columns_of(d, plan, x + plane * plan.c * d.h * d.w, begin, end, own);
        multiply(gradient.from(0, begin), {columns.data, columns.column, columns.row}, plan.o,
                 plan.depth, end - begin, sum, plan.depth,
                 plane >= (first + 1) * d.groups || begin > 0, own + columns_size);
      }
    }
  });
  parallel_for(weights, cheap_grain, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      T total = partial[i];
      for (Index chunk = 1; chunk < chunks; ++chunk) total += partial[chunk * weights + i];
      dw[i] = total;
    }
  });
}

#define TENON_INSTANTIATE(T)                                                                   \
  template std::shared_ptr<const Conv2dPack<T>> conv2d_pack<T>(const Conv2dDims&, const T*);   \
  template void conv2d_forward<T>(const Conv2dDims&, const T*, const T*, const T*, T*,         \
                                  const ConvEpilogue&, const Conv2dPack<T>*);                  \
  template void conv2d_backward_input<T>(const Conv2dDims&, const T*, const T*, T*, const T*); \
  template void conv2d_backward_weight<T>(const Conv2dDims&, const T*, const T*, T*);

TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
