#include "kernels/simd/conv2d_depthwise.hpp"

#include "kernels/simd/plane.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/base/parallel.hpp"

namespace tenon::kernels {
namespace {

/// Values that are staged at once: they stay in the second-level cache.
constexpr Index band_values = 1 << 14;

constexpr Index rounded_up(Index n, Index step) { return (n + step - 1) / step * step; }

/// Outputs' rows that are made from one stage, where each takes `values` of it and `overlap` rows
/// are staged besides.
Index band_rows(Index values, Index overlap, Index rows) {
  return std::min(std::max(band_values / values - overlap, overlap + 1), rows);
}

Index tasks_per_chunk(const ConvPlan& plan) {
  return plan.tasks_per_chunk(plan.d.n * plan.d.c, plan.positions * plan.o * plan.taps);
}

/// Images with their padding, for the directions that read them.
template <class T>
struct StagedImages {
  const Conv2dDims& d;
  const PlaneKernels<T>& kernels = plane_kernels<T>();
  Index extent;  // rows of a window
  StagedPlane layout;
  Index band;  // rows of outputs
  Index row;   // between the pixels of neighbouring rows of outputs
  Index line;  // as Correlation says
  Index grain;
  detail::Scratch<Index> taps;

  explicit StagedImages(const ConvPlan& plan)
      : d(plan.d),
        extent(d.dilation_h * (d.kh - 1) + 1),
        layout{d.h, d.w, d.pad_h, d.pad_w, d.stride_w, rounded_up(plan.phase, kernels.lanes)},
        band(band_rows(layout.row() * d.stride_h, extent, d.out_h)),
        row(d.stride_h * layout.row()),
        line(d.stride_h == 1 && d.dilation_h == 1 ? d.kw : 0),
        grain(tasks_per_chunk(plan)),
        taps(plan.taps) {
    for (Index k = 0; k < plan.taps; ++k) {
      taps[k] = layout.offset(k / d.kw * d.dilation_h, k % d.kw * d.dilation_w);
    }
  }

  Index rows(Index outputs) const { return (outputs - 1) * d.stride_h + extent; }

  /// Calls f(plane, first, rows, staged) for bands of rows of the outputs of every plane of x.
  template <class F>
  void for_each_band(const T* x, const F& f) const {
    const Index planes = d.n * d.c, before = whole_lines(layout.left);
    const Index size = before + whole_lines(rows(band) * layout.row() + kernels.lanes);
    detail::Scratch<T> scratch(chunk_count(planes, grain) * size);
    parallel_chunks(planes, grain, [&](Index chunk, Index begin, Index end) {
      T* staged = scratch.data() + chunk * size;
      std::fill_n(staged, size, T(0));
      staged += before;
      for (Index plane = begin; plane < end; ++plane) {
        for (Index first = 0; first < d.out_h; first += band) {
          const Index count = std::min(band, d.out_h - first);
          kernels.stage(layout, x + plane * d.h * d.w, first * d.stride_h, rows(count), staged);
          f(plane, first, count, staged);
        }
      }
    });
  }
};

/// dx as the outputs of convolutions of dy. Pixels whose row and column in the padded image leave
/// the remainders r and f modulo the strides are reached by the same taps:
///   dx[a stride + r - pad, t stride + f - pad] = sum_{o,p,q} w[o,p,q] dy[o, a - p', t - q']
/// over the taps with p dilation = p' stride + r and q dilation = q' stride + f.
template <class T>
class BackwardInput {
 public:
  BackwardInput(const ConvPlan& plan, const T* dy, const T* w, T* dx)
      : plan_(plan),
        d_(plan.d),
        kernels_(plane_kernels<T>()),
        first_a_(d_.pad_h / d_.stride_h),
        first_t_(d_.pad_w / d_.stride_w),
        rows_((d_.h - 1 + d_.pad_h) / d_.stride_h - first_a_ + 1),
        columns_((d_.w - 1 + d_.pad_w) / d_.stride_w - first_t_ + 1),
        above_((d_.kh - 1) * d_.dilation_h / d_.stride_h),
        left_((d_.kw - 1) * d_.dilation_w / d_.stride_w),
        layout_{d_.out_h, d_.out_w, above_, left_, 1, 0},
        taps_(plan.o * plan.taps),
        offsets_(plan.o * plan.taps),
        dy_(dy),
        w_(w),
        dx_(dx) {
    const Index width = left_ + std::max(d_.out_w, first_t_ + columns_);
    layout_.phase = rounded_up(width, kernels_.lanes);
    band_ = band_rows(layout_.row() * plan.o, above_, rows_);
    part_row_ = rounded_up(columns_, kernels_.lanes);
    sort_taps();
  }

  /// Every task owns one plane (n, c) of dx.
  void run() {
    const Index planes = d_.n * d_.c, grain = tasks_per_chunk(plan_);
    const Index taps = plan_.o * plan_.taps, before = whole_lines(left_);
    const Index staged_size = before + whole_lines(plan_.o * staged_plane() + kernels_.lanes);
    const Index parts_size =
        d_.stride_w > 1 ? whole_lines(d_.stride_w * part() + kernels_.lanes) : 0;
    const Index size = staged_size + parts_size + whole_lines(taps);
    detail::Scratch<T> scratch(chunk_count(planes, grain) * size);
    parallel_chunks(planes, grain, [&](Index chunk, Index begin, Index end) {
      T* staged = scratch.data() + chunk * size;
      T* parts = staged + staged_size;
      T* weights = parts + parts_size;
      std::fill_n(staged, staged_size, T(0));
      for (Index plane = begin; plane < end; ++plane) {
        const T* w = w_ + plane % d_.c * taps;
        for (Index k = 0; k < taps; ++k) weights[k] = w[taps_[k]];
        for (Index row = 0; row < rows_; row += band_) {
          const Index count = std::min(band_, rows_ - row);
          run_band(plane, first_a_ + row, count, weights, staged + before, parts);
        }
      }
    });
  }

 private:
  /// Values of the gradient of one output channel, and of the pixels of one remainder f.
  Index staged_plane() const { return (band_ + above_) * layout_.row(); }
  Index part() const { return band_ * part_row_; }

  /// The taps of remainders (r, f) are those from begins_[r stride_w + f] on, the last ones first:
  /// so they read dy from top to bottom.
  void sort_taps() {
    Index k = 0;
    for (Index r = 0; r < d_.stride_h; ++r) {
      for (Index f = 0; f < d_.stride_w; ++f) {
        begins_[r * d_.stride_w + f] = k;
        for (Index tap = plan_.o * plan_.taps - 1; tap >= 0; --tap) {
          const Index p = tap / d_.kw % d_.kh * d_.dilation_h, q = tap % d_.kw * d_.dilation_w;
          if (p % d_.stride_h != r || q % d_.stride_w != f) continue;
          taps_[k] = tap;
          offsets_[k++] = tap / plan_.taps * staged_plane() +
                          layout_.offset(above_ - p / d_.stride_h, left_ - q / d_.stride_w);
        }
      }
    }
    begins_[d_.stride_h * d_.stride_w] = k;
  }

  /// The rows a, a + 1, ... of every remainder.
  void run_band(Index plane, Index a, Index count, const T* weights, T* staged, T* parts) {
    for (Index o = 0; o < plan_.o; ++o) {
      kernels_.stage(layout_, dy_ + (plane * plan_.o + o) * plan_.positions, a, count + above_,
                     staged + o * staged_plane());
    }
    for (Index r = 0; r < d_.stride_h; ++r) {
      const Index skip = a * d_.stride_h + r < d_.pad_h ? 1 : 0;  // a row of the padding
      const Index h = (a + skip) * d_.stride_h + r - d_.pad_h;
      if (h >= d_.h) continue;
      const Index rows = std::min(count - skip, (d_.h - 1 - h) / d_.stride_h + 1);
      const T* in = staged + skip * layout_.row();
      T* out = dx_ + (plane * d_.h + h) * d_.w;
      if (d_.stride_w == 1) {
        correlate(r, 0, weights, in + d_.pad_w, rows, d_.w, out, d_.stride_h * d_.w);
        continue;
      }
      for (Index f = 0; f < d_.stride_w; ++f) {
        correlate(r, f, weights, in + first_t_, rows, columns_, parts + f * part(), part_row_);
      }
      join(parts, rows, out);
    }
  }

  void correlate(Index r, Index f, const T* weights, const T* in, Index rows, Index columns, T* out,
                 Index out_row) {
    const Index* begin = begins_ + r * d_.stride_w + f;
    const bool in_lines =
        plan_.o == 1 && d_.stride_h == 1 && d_.stride_w == 1 && d_.dilation_h == 1;
    kernels_.correlate({in, layout_.row(), offsets_.data() + begin[0], weights + begin[0],
                        begin[1] - begin[0], in_lines ? d_.kw : 0},
                       rows, columns, out, out_row);
  }

  /// Rows of dx, stride_h apart, from the parts of each remainder f.
  void join(const T* parts, Index rows, T* out) const {
    const auto part_of = [&](Index column) {
      const Index padded = column + d_.pad_w;
      return parts + padded % d_.stride_w * part() + padded / d_.stride_w - first_t_;
    };
    const Index out_row = d_.stride_h * d_.w;
    if (d_.stride_w == 2) {
      return kernels_.join_pairs(part_of(0), part_of(1), part_row_, rows, d_.w, out, out_row);
    }
    for (Index first = 0; first < d_.stride_w; ++first) {
      const T* from = part_of(first);
      for (Index i = 0; i < rows; ++i, from += part_row_) {
        for (Index j = first, t = 0; j < d_.w; j += d_.stride_w) out[i * out_row + j] = from[t++];
      }
    }
  }

  const ConvPlan& plan_;
  const Conv2dDims& d_;
  const PlaneKernels<T>& kernels_;
  Index first_a_, first_t_, rows_, columns_;  // the a and t that meet a pixel
  Index above_, left_;                        // the largest p' and q'
  StagedPlane layout_;                        // of dy
  Index band_ = 0, part_row_ = 0;
  detail::Scratch<Index> taps_, offsets_;
  Index begins_[most_depthwise_stride * most_depthwise_stride + 1];
  const T* dy_;
  const T* w_;
  T* dx_;
};

}  // namespace

template <class T>
void conv2d_forward_depthwise(const ConvPlan& plan, const T* x, const T* w, const T* b,
                              const ConvEpilogue& epilogue, T* y) {
  const Conv2dDims& d = plan.d;
  StagedImages<T> images(plan);
  // Every plane of x has planes of y of its own.
  images.for_each_band(x, [&](Index plane, Index first, Index rows, const T* staged) {
    for (Index m = 0; m < plan.o; ++m) {
      const Index o = plane % d.c * plan.o + m;
      const T bias = b == nullptr ? T(0) : b[o];
      T* out = y + (plane * plan.o + m) * plan.positions + first * d.out_w;
      images.kernels.correlate({staged, images.row, images.taps.data(), w + o * plan.taps,
                                plan.taps, images.line, bias, epilogue.relu},
                               rows, d.out_w, out, d.out_w);
    }
  });
}

template <class T>
void conv2d_backward_input_depthwise(const ConvPlan& plan, const T* dy, const T* w, T* dx) {
  BackwardInput<T>(plan, dy, w, dx).run();
}

template <class T>
void conv2d_backward_weight_depthwise(const ConvPlan& plan, const T* dy, const T* x, T* dw) {
  const Conv2dDims& d = plan.d;
  StagedImages<T> images(plan);
  const Index weights = d.o * plan.taps;
  detail::Scratch<double> sums(d.n * weights);
  // Every plane of x has sums of its own; dw is their total over n, in its order.
  images.for_each_band(x, [&](Index plane, Index first, Index rows, const T* staged) {
    for (Index m = plane * plan.o; m < (plane + 1) * plan.o; ++m) {
      double* own = sums.data() + m * plan.taps;
      if (first == 0) std::fill_n(own, plan.taps, 0.0);
      images.kernels.add_dots({dy + m * plan.positions + first * d.out_w, d.out_w, rows, d.out_w,
                               staged, images.row, images.taps.data(), plan.taps, images.line},
                              own);
    }
  });
  double* total = sums.data();
  for (Index n = 1; n < d.n; ++n) {
    const double* own = total + n * weights;
    for (Index k = 0; k < weights; ++k) total[k] += own[k];
  }
  for (Index k = 0; k < weights; ++k) dw[k] = static_cast<T>(total[k]);
}

#define TENON_INSTANTIATE(T)                                                                 \
  template void conv2d_forward_depthwise<T>(const ConvPlan&, const T*, const T*, const T*,   \
                                            const ConvEpilogue&, T*);                        \
  template void conv2d_backward_input_depthwise<T>(const ConvPlan&, const T*, const T*, T*); \
  template void conv2d_backward_weight_depthwise<T>(const ConvPlan&, const T*, const T*, T*);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::kernels
