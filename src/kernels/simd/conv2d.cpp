#include <concepts>
#include <variant>

#include "kernels/simd/conv2d_by_positions.hpp"
#include "kernels/simd/conv2d_depthwise.hpp"
#include "kernels/simd/conv2d_few_taps.hpp"
#include "kernels/simd/conv2d_winograd.hpp"
#include "kernels/simd/pack.hpp"
#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"
#include "tenon/base/memory.hpp"

namespace tenon::kernels {
namespace {

/// Outputs that are finished before they are transposed: with a panel's channels they fit the
/// second-level cache, and many tiles share the panel's weights.
constexpr Index position_block = 448;

/// The weights in panels of output channels, and where taps and outputs lie in the staged images.
template <class T>
struct WeightPanels {
  WeightPanels(const ConvPlan& plan, const T* w)
      : panels(tile_kernels<T>(), plan.o),
        images(plan.unit_images),
        taps(plan.depth),
        starts(images * plan.positions),
        values(plan.d.groups * panels.padded() * plan.depth) {
    plan.tap_offsets(taps.data());
    plan.starts(starts.data());
    for (Index group = 0; group < plan.d.groups; ++group) {
      pack_groups(tile_kernels<T>(), panels, w + group * plan.o * plan.depth, 1, plan.depth,
                  plan.depth, values.data() + group * panels.padded() * plan.depth);
    }
  }
  /// Whether there is a start for every output of a unit.
  bool fit(const ConvPlan& plan) const { return plan.unit_images <= images; }

  Panels<T> panels;
  Index images;
  detail::Scratch<Index> taps, starts;
  detail::Scratch<T> values;
};

/// y^T = columns^T w^T, tile by tile: rows are outputs (n, i, j) of a unit of images, columns are
/// channels o, and k runs over the taps (c, p, q). Finished blocks (outputs, channels) are
/// transposed to the planes of y (N, O, H', W').
template <class T>
class Forward {
 public:
  Forward(const ConvPlan& plan, const WeightPanels<T>& weights, const T* x, const T* b,
          const ConvEpilogue& epilogue, T* y)
      : plan_(plan),
        kernels_(tile_kernels<T>()),
        panels_(weights.panels),
        x_(x),
        b_(b),
        y_(y),
        relu_(epilogue.relu),
        taps_(weights.taps.data()),
        starts_(weights.starts.data()),
        weights_(weights.values.data()) {}

  /// Every task owns some blocks of the outputs of one unit of images and one group.
  void run() {
    const Index parts = plan_.parts(blocks(0).count());
    const Index tasks = plan_.units * plan_.d.groups * parts;
    const Index grain = plan_.tasks_per_chunk(
        tasks, plan_.unit_images * plan_.positions * plan_.o * plan_.depth / parts);
    const Index scratch_size =
        plan_.staged_values() + whole_lines(blocks(0).width() * panels_.width(0));
    parallel_with_scratch<T>(tasks, grain, scratch_size, [&](T* staged, Index begin, Index end) {
      for (Index task = begin; task < end; ++task) {
        const Index part = task % parts, group = task / parts % plan_.d.groups;
        const Index unit = task / parts / plan_.d.groups;
        const EvenSplit all = blocks(unit), own(all.count(), (all.count() + parts - 1) / parts);
        if (part >= own.count()) continue;
        const T* images = plan_.stage(x_, unit, group, staged);
        for (Index k = own.begin(part); k < own.begin(part) + own.size(part); ++k) {
          run_block(unit, group, images, all.begin(k), all.size(k), staged + plan_.staged_values());
        }
      }
    });
  }

 private:
  EvenSplit blocks(Index unit) const {
    return EvenSplit(plan_.images_in(unit) * plan_.positions, position_block);
  }

  /// The outputs [first, first + count) of a unit.
  void run_block(Index unit, Index group, const T* images, Index first, Index count, T* outputs) {
    const EvenSplit tiles(count, panels_.rows(kernels_)), depths(plan_.depth, k_block);
    for (Index panel = 0; panel < panels_.count(); ++panel) {
      for (Index part = 0; part < depths.count(); ++part) {
        const Index p = depths.begin(part), depth = depths.size(part);
        for (Index tile = 0; tile < tiles.count(); ++tile) {
          run_tile(group, images, panel, p, depth, first + tiles.begin(tile), tiles.size(tile),
                   outputs + tiles.begin(tile) * panels_.width(panel));
        }
      }
      copy_out(unit, group, panel, first, count, outputs);
    }
  }

  void run_tile(Index group, const T* images, Index panel, Index p, Index depth, Index first,
                Index rows, T* outputs) {
    const Index width = panels_.width(panel), o = panels_.begin(panel);
    Index output_rows[TileKernels<T>::most_rows];
    for (Index r = 0; r < rows; ++r) output_rows[r] = r * width;
    TileStore<T> store{outputs, output_rows, width, p > 0};
    if (p + depth == plan_.depth) {
      store.relu = relu_;
      if (b_ != nullptr) {
        store.columns = panels_.size(panel);
        store.bias = b_ + group * plan_.o + o;
      }
    }
    const T* weights = weights_ + (group * panels_.padded() + o) * plan_.depth + p * width;
    kernels_.multiply[rows - 1][panels_.vectors(panel) - 1]({images, starts_ + first, taps_ + p},
                                                            depth, weights, width, store);
  }

  /// From (position, channel) to planes of y.
  void copy_out(Index unit, Index group, Index panel, Index first, Index count, const T* outputs) {
    const Index width = panels_.width(panel), o = group * plan_.o + panels_.begin(panel);
    for (Index done = 0; done < count;) {
      const Index image = (first + done) / plan_.positions;
      const Index position = (first + done) % plan_.positions;
      const Index n = std::min(plan_.positions - position, count - done);
      T* y = y_ + ((unit * plan_.unit_images + image) * plan_.d.o + o) * plan_.positions + position;
      kernels_.transpose(outputs + done * width, width, panels_.size(panel), n, y, plan_.positions);
      done += n;
    }
  }

  const ConvPlan& plan_;
  const TileKernels<T>& kernels_;
  const Panels<T>& panels_;  // of output channels
  const T* x_;
  const T* b_;
  T* y_;
  bool relu_;
  const Index* taps_;
  const Index* starts_;
  const T* weights_;
};

/// Sums over nothing: the bias alone.
template <class T>
void fill_with_bias(const ConvPlan& plan, const T* b, bool relu, T* y) {
  for (Index k = 0; k < plan.d.n * plan.d.o * plan.positions; ++k) {
    const T v = b == nullptr ? T(0) : b[k / plan.positions % plan.d.o];
    y[k] = relu && v <= T(0) ? T(0) : v;
  }
}

bool runs_winograd(const Conv2dDims& d) {
  return is_winograd(d) && winograd_pays(winograd_forward(d), d.out_h * d.out_w);
}

}  // namespace

/// Weights in the form of the algorithm that these sizes are computed with.
template <class T>
class Conv2dPack {
 public:
  Conv2dPack(const Conv2dDims& dims, const T* w) : dims_(dims) {
    if constexpr (std::same_as<T, float>) {
      if (runs_winograd(dims)) {
        weights_.template emplace<WinogradWeights>(winograd_forward(dims), w);
        return;
      }
    }
    if (is_better_by_positions(ConvPlan(dims))) {
      weights_.template emplace<WeightTiles<T>>(ConvPlan(dims), w);
    } else {
      // Units of a large batch hold the most images: their starts are enough for every batch.
      Conv2dDims batch = dims;
      batch.n = fewest_units * unit_positions;
      weights_.template emplace<WeightPanels<T>>(ConvPlan(batch), w);
    }
  }

  bool is_for(Conv2dDims dims) const {
    dims.n = dims_.n;
    return dims == dims_;
  }
  template <class Weights>
  const Weights* get() const {
    return std::get_if<Weights>(&weights_);
  }

 private:
  Conv2dDims dims_;
  std::variant<std::monostate, WeightPanels<T>, WeightTiles<T>, WinogradWeights> weights_;
};

namespace {

/// Calls run(weights) with those of the pack where they fit, else with new ones. sizes: a ConvPlan
/// or a WinogradConv.
template <class Weights, class T, class Sizes, class Run>
void run_with(const Conv2dPack<T>* pack, const Sizes& sizes, const T* w, const Run& run) {
  const Weights* kept = pack == nullptr ? nullptr : pack->template get<Weights>();
  if (kept != nullptr && kept->fit(sizes)) return run(*kept);
  run(Weights(sizes, w));
}

template <class T>
void as_defined(const Conv2dDims& d, const T* x, const T* w, const T* b, T* y,
                const ConvEpilogue& epilogue, const Conv2dPack<T>* pack) {
  const ConvPlan plan(d);
  if (plan.empty()) return fill_with_bias(plan, b, epilogue.relu, y);
  if (is_depthwise(plan)) return conv2d_forward_depthwise(plan, x, w, b, epilogue, y);
  if constexpr (std::same_as<T, float>) {
    if (is_of_few_taps(plan)) return conv2d_forward_few_taps(plan, x, w, b, epilogue, y);
  }
  if (is_better_by_positions(plan)) {
    return run_with<WeightTiles<T>>(pack, plan, w, [&](const WeightTiles<T>& weights) {
      conv2d_forward_by_positions(plan, weights, x, b, epilogue, y);
    });
  }
  run_with<WeightPanels<T>>(pack, plan, w, [&](const WeightPanels<T>& weights) {
    Forward<T>(plan, weights, x, b, epilogue, y).run();
  });
}

void by_winograd(const Conv2dDims& d, const float* x, const float* w, const float* b, float* y,
                 const ConvEpilogue& epilogue, const Conv2dPack<float>* pack) {
  detail::Scratch<bool> failed(d.n);
  const WinogradConv conv = winograd_forward(d);
  run_with<WinogradWeights>(pack, conv, w, [&](const WinogradWeights& weights) {
    conv2d_winograd(conv, weights, x, b, epilogue, y, failed.data());
  });
  Conv2dDims one = d;
  one.n = 1;
  for (Index n = 0; n < d.n; ++n) {
    if (!failed[n]) continue;
    as_defined<float>(one, x + n * d.c * d.h * d.w, w, b, y + n * d.o * d.out_h * d.out_w, epilogue,
                      nullptr);
  }
}

}  // namespace

template <class T>
std::shared_ptr<const Conv2dPack<T>> conv2d_pack(const Conv2dDims& d, const T* w) {
  const detail::FlushDenormals flush;
  const ConvPlan plan(d);
  if (plan.empty() || is_depthwise(plan)) return nullptr;
  if (std::same_as<T, float> && is_of_few_taps(plan)) return nullptr;
  return std::make_shared<const Conv2dPack<T>>(d, w);
}

template <class T>
void convolve(const Conv2dDims& d, const T* x, const T* w, const T* b, T* y,
              const ConvEpilogue& epilogue, const Conv2dPack<T>* pack) {
  if (pack != nullptr && !pack->is_for(d)) pack = nullptr;
  if constexpr (std::same_as<T, float>) {
    if (runs_winograd(d)) return by_winograd(d, x, w, b, y, epilogue, pack);
  }
  as_defined(d, x, w, b, y, epilogue, pack);
}

template <class T>
void conv2d_forward(const Conv2dDims& d, const T* x, const T* w, const T* b, T* y,
                    const ConvEpilogue& epilogue, const Conv2dPack<T>* pack) {
  count_conv2d<T>(d);
  const detail::FlushDenormals flush;
  convolve(d, x, w, b, y, epilogue, pack);
}

#define TENON_INSTANTIATE(T)                                                                 \
  template std::shared_ptr<const Conv2dPack<T>> conv2d_pack<T>(const Conv2dDims&, const T*); \
  template void convolve<T>(const Conv2dDims&, const T*, const T*, const T*, T*,             \
                            const ConvEpilogue&, const Conv2dPack<T>*);                      \
  template void conv2d_forward<T>(const Conv2dDims&, const T*, const T*, const T*, T*,       \
                                  const ConvEpilogue&, const Conv2dPack<T>*);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::kernels
