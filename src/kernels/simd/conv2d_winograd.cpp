#include "kernels/simd/conv2d_winograd.hpp"

#include <atomic>

#include "kernels/simd/conv2d_plan.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/base/parallel.hpp"

namespace tenon::kernels {
namespace {

using namespace winograd;

constexpr Index frequencies = WinogradKernels::frequencies;

/// Transformed values of a block that the second-level cache holds beside the weights.
constexpr Index block_values = 1 << 17;
/// Below this many tiles the weights are read too often.
constexpr Index fewest_tiles = 18;

Index tiles_per_block(const WinogradConv& conv, Index c, Index o) {
  const Index fit = std::max(fewest_tiles, block_values / (frequencies * (c + o)));
  // Several blocks for every thread, where there is enough to do.
  return std::clamp((conv.n * conv.tiles() + enough_tasks - 1) / enough_tasks, fewest_tiles, fit);
}

class Forward {
 public:
  Forward(const WinogradConv& conv, const WinogradWeights& weights, const float* x, const float* b,
          const ConvEpilogue& epilogue, float* y)
      : conv_(conv),
        weights_(weights),
        panels_(weights.panels()),
        c_width_(whole_vectors(conv.c, transforms_.lanes)),
        o_width_(panels_.padded()),
        blocks_(conv, tiles_per_block(conv, c_width_, o_width_)),
        x_(x),
        y_(y),
        relu_(epilogue.relu),
        bias_(o_width_) {
    std::fill_n(bias_.data(), o_width_, 0.0f);
    if (b != nullptr) std::copy_n(b, conv.o, bias_.data());
    for (Index p = 0; p < winograd_k_block; ++p) ks_[p] = p;
  }

  /// Every task owns the outputs of one block of tiles.
  void run(bool* failed) {
    const Index grain = conv_grain(frequencies * blocks_.most_tiles() * conv_.c * conv_.o);
    const Sizes sizes(*this);
    parallel_with_scratch<float>(blocks_.count(), grain, sizes.all(),
                                 [&](float* scratch, Index begin, Index end) {
                                   for (Index i = begin; i < end; ++i) {
                                     run_block(blocks_[i], sizes, scratch, failed);
                                   }
                                 });
  }

 private:
  /// Parts of a task's scratch: one image's rows, the frequencies of pixels and of products, and
  /// one image's outputs.
  struct Sizes {
    Index staged, v_step, m_step, outputs;
    explicit Sizes(const Forward& f)
        : staged((2 * f.blocks_.most_rows() + 2) * f.columns() * f.c_width_),
          v_step(frequency_step(f.blocks_.most_tiles(), f.c_width_)),
          m_step(frequency_step(f.blocks_.most_tiles(), f.o_width_)),
          outputs(2 * f.blocks_.most_rows() * f.conv_.out_w * f.o_width_) {}
    Index all() const { return std::max(staged, outputs) + frequencies * (v_step + m_step); }
  };

  Index columns() const { return 2 * conv_.tiles_w() + 2; }

  void run_block(const Block& block, const Sizes& sizes, float* scratch, bool* failed) {
    float* v = scratch + std::max(sizes.staged, sizes.outputs);
    float* m = v + frequencies * sizes.v_step;
    transform_pixels(block, sizes, scratch, v);
    for (Index f = 0; f < frequencies; ++f) {
      multiply(f, block.images * block.rows * conv_.tiles_w(), v + f * sizes.v_step,
               m + f * sizes.m_step);
    }
    transform_products(block, sizes, m, scratch, failed);
  }

  void transform_pixels(const Block& block, const Sizes& sizes, float* staged, float* v) {
    const Index row = columns() * c_width_;
    for (Index k = 0; k < block.images; ++k) {
      const float* image = x_ + (block.image + k) * conv_.c * conv_.h * conv_.w;
      stage_channels_last(image, conv_.c, conv_.h, conv_.w, 2 * block.row - conv_.pad_h,
                          2 * block.rows + 2, conv_.pad_w, columns(), c_width_, staged);
      for (Index i = 0; i < block.rows; ++i) {
        const Index tile = (k * block.rows + i) * conv_.tiles_w();
        transforms_.input(staged + 2 * i * row, row, conv_.tiles_w(), c_width_, v + tile * c_width_,
                          sizes.v_step);
      }
    }
  }

  /// m = v u at one frequency: rows are tiles, columns output channels, k runs over channels.
  void multiply(Index f, Index tiles, const float* v, float* m) {
    const EvenSplit split(tiles, panels_.rows(tiles_)), depths(conv_.c, winograd_k_block);
    Index v_rows[TileKernels<float>::most_rows], m_rows[TileKernels<float>::most_rows];
    for (Index r = 0; r < split.width(); ++r) {
      v_rows[r] = r * c_width_;
      m_rows[r] = r * o_width_;
    }
    for (Index panel = 0; panel < panels_.count(); ++panel) {
      const Index width = panels_.width(panel);
      for (Index part = 0; part < depths.count(); ++part) {
        const Index c = depths.begin(part);
        for (Index tile = 0; tile < split.count(); ++tile) {
          const Index first = split.begin(tile);
          tiles_.multiply[split.size(tile) - 1][panels_.vectors(panel) - 1](
              {v + first * c_width_ + c, v_rows, ks_}, depths.size(part), weights_.at(f, panel, c),
              width, {m + first * o_width_ + panels_.begin(panel), m_rows, width, part > 0});
        }
      }
    }
  }

  void transform_products(const Block& block, const Sizes& sizes, const float* m, float* outputs,
                          bool* failed) {
    const Index row = conv_.out_w * o_width_, first = 2 * block.row;
    const Index lines = std::min(2 * block.rows, conv_.out_h - first);
    for (Index k = 0; k < block.images; ++k) {
      bool is_finite = true;
      for (Index i = 0; i < block.rows; ++i) {
        const Index tile = (k * block.rows + i) * conv_.tiles_w();
        is_finite &= transforms_.output(
            m + tile * o_width_, sizes.m_step, conv_.tiles_w(), o_width_, bias_.data(), relu_,
            std::min<Index>(2, lines - 2 * i), conv_.out_w, outputs + 2 * i * row, row);
      }
      if (!is_finite) fail(failed[block.image + k]);
      const Index positions = conv_.out_h * conv_.out_w;
      float* y = y_ + (block.image + k) * conv_.o * positions + first * conv_.out_w;
      tiles_.transpose(outputs, o_width_, conv_.o, lines * conv_.out_w, y, positions);
    }
  }

  /// Blocks of one image may fail at the same time.
  static void fail(bool& failed) {
    std::atomic_ref<bool>(failed).store(true, std::memory_order_relaxed);
  }

  const WinogradConv& conv_;
  const WinogradWeights& weights_;
  const TileKernels<float>& tiles_ = tile_kernels<float>();
  const WinogradKernels& transforms_ = winograd_kernels();
  const Panels<float>& panels_;  // of output channels
  Index c_width_, o_width_;
  Blocks blocks_;
  const float* x_;
  float* y_;
  bool relu_;
  Index ks_[winograd_k_block];
  detail::Scratch<float> bias_;
};

}  // namespace

/// Every task owns the transformed weights of some input channels.
WinogradWeights::WinogradWeights(const WinogradConv& conv, const float* w)
    : c_(conv.c),
      panels_(tile_kernels<float>(), conv.o),
      values_(frequencies * conv.c * panels_.padded()) {
  constexpr Index most_width = 64;
  const TileKernels<float>& tiles = tile_kernels<float>();
  const Index grain = std::max<Index>(1, (1 << 12) / panels_.padded());
  parallel_for(conv.c, grain, [&](Index begin, Index end) {
    float taps[9 * most_width];
    for (Index c = begin; c < end; ++c) {
      for (Index panel = 0; panel < panels_.count(); ++panel) {
        const Index width = panels_.width(panel);
        const float* from = w + c * conv.c_step + panels_.begin(panel) * conv.o_step;
        tiles.pack(from, 1, conv.o_step, 9, panels_.size(panel), taps, width);
        winograd_kernels().weights(taps, conv.flip, width, values_.data() + place(0, panel, c),
                                   panels_.padded() * conv.c);
      }
    }
  });
}

void conv2d_winograd(const WinogradConv& conv, const WinogradWeights& weights, const float* x,
                     const float* b, const ConvEpilogue& epilogue, float* y, bool* failed) {
  std::fill_n(failed, conv.n, false);
  Forward(conv, weights, x, b, epilogue, y).run(failed);
}

}  // namespace tenon::kernels
