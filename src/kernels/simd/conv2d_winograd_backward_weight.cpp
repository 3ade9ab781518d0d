#include <cmath>

#include "kernels/simd/conv2d_plan.hpp"
#include "kernels/simd/conv2d_winograd.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/base/parallel.hpp"

namespace tenon::kernels {
namespace {

using namespace winograd;

constexpr Index frequencies = WinogradKernels::frequencies;

/// Transformed values of a block: many tiles, since the sums are read and written for each block.
constexpr Index block_values = 1 << 18;
/// Blocks are dealt in chunks, each with a sum of its own: so many, and so many values in all.
constexpr Index most_chunks = 16, most_sums = 1 << 20;

/// dw = G^T (sum over tiles of (B^T x B) (A dy A^T)) G: at each frequency a product of matrices
/// whose k runs over the tiles.
class BackwardWeight {
 public:
  BackwardWeight(const WinogradConv& conv, const float* dy, const float* x)
      : conv_(conv),
        panels_(tiles_, conv.o),
        c_width_(whole_vectors(conv.c, transforms_.lanes)),
        o_width_(panels_.padded()),
        split_(conv.c, panels_.rows(tiles_)),
        blocks_(conv, std::max<Index>(1, block_values / (frequencies * (c_width_ + o_width_)))),
        chunks_(blocks_.count(), chunk_blocks()),
        v_step_(frequency_step(blocks_.most_tiles(), c_width_)),
        e_step_(frequency_step(blocks_.most_tiles(), o_width_)),
        dy_(dy),
        x_(x),
        ks_(blocks_.most_tiles()),
        sums_(chunks_.count() * sum_size()) {
    for (Index t = 0; t < blocks_.most_tiles(); ++t) ks_[t] = t * c_width_;
  }

  /// Every task owns one chunk's sum; dw is made of the sum of all, in the order of chunks.
  bool run(float* dw) {
    const Index rows = blocks_.most_rows();
    const Index staged = std::max((2 * rows + 2) * (2 * conv_.tiles_w() + 2) * c_width_,
                                  2 * rows * 2 * conv_.tiles_w() * o_width_);
    parallel_with_scratch<float>(chunks_.count(), 1, staged + frequencies * (v_step_ + e_step_),
                                 [&](float* scratch, Index begin, Index end) {
                                   for (Index chunk = begin; chunk < end; ++chunk) {
                                     for (Index k = 0; k < chunks_.size(chunk); ++k) {
                                       add_block(blocks_[chunks_.begin(chunk) + k], scratch,
                                                 scratch + staged,
                                                 sums_.data() + chunk * sum_size(), k > 0);
                                     }
                                   }
                                 });
    return finish(dw);
  }

 private:
  Index sum_size() const { return frequencies * conv_.c * o_width_; }
  Index chunk_blocks() const {
    const Index chunks = std::clamp<Index>(most_sums / sum_size(), 2, most_chunks);
    return (blocks_.count() + chunks - 1) / chunks;
  }

  void add_block(const Block& block, float* staged, float* v, float* sum, bool accumulate) {
    float* e = v + frequencies * v_step_;
    const Index tiles_w = conv_.tiles_w(), columns = 2 * tiles_w + 2;
    for (Index k = 0; k < block.images; ++k) {
      const Index n = block.image + k;
      stage_channels_last(x_ + n * conv_.c * conv_.h * conv_.w, conv_.c, conv_.h, conv_.w,
                          2 * block.row - conv_.pad_h, 2 * block.rows + 2, conv_.pad_w, columns,
                          c_width_, staged);
      for (Index i = 0; i < block.rows; ++i) {
        transforms_.input(staged + 2 * i * columns * c_width_, columns * c_width_, tiles_w,
                          c_width_, v + (k * block.rows + i) * tiles_w * c_width_, v_step_);
      }
      stage_channels_last(dy_ + n * conv_.o * conv_.out_h * conv_.out_w, conv_.o, conv_.out_h,
                          conv_.out_w, 2 * block.row, 2 * block.rows, 0, 2 * tiles_w, o_width_,
                          staged);
      for (Index i = 0; i < block.rows; ++i) {
        transforms_.output_gradient(staged + 4 * i * tiles_w * o_width_, 2 * tiles_w * o_width_,
                                    tiles_w, o_width_,
                                    e + (k * block.rows + i) * tiles_w * o_width_, e_step_);
      }
    }
    for (Index f = 0; f < frequencies; ++f) {
      multiply(block.images * block.rows * tiles_w, v + f * v_step_, e + f * e_step_,
               sum + f * conv_.c * o_width_, accumulate);
    }
  }

  /// sum [+]= v^T e: rows are input channels, columns output channels, k runs over tiles.
  void multiply(Index tiles, const float* v, const float* e, float* sum, bool accumulate) {
    constexpr Index rows[] = {0, 1, 2, 3, 4, 5, 6, 7};
    Index sum_rows[TileKernels<float>::most_rows];
    for (Index r = 0; r < split_.width(); ++r) sum_rows[r] = r * o_width_;
    const EvenSplit depths(tiles, winograd_k_block);
    for (Index panel = 0; panel < panels_.count(); ++panel) {
      const Index o = panels_.begin(panel), width = panels_.width(panel);
      for (Index part = 0; part < depths.count(); ++part) {
        const Index t = depths.begin(part);
        for (Index tile = 0; tile < split_.count(); ++tile) {
          const Index c = split_.begin(tile);
          tiles_.multiply[split_.size(tile) - 1][panels_.vectors(panel) - 1](
              {v + c, rows, ks_.data() + t}, depths.size(part), e + t * o_width_ + o, o_width_,
              {sum + c * o_width_ + o, sum_rows, width, accumulate || part > 0});
        }
      }
    }
  }

  /// Every task owns the weights of some input channels.
  bool finish(float* dw) {
    const Index step = conv_.c * o_width_, grain = std::max<Index>(1, (1 << 12) / o_width_);
    parallel_with_scratch<float>(
        conv_.c, grain, 9 * o_width_, [&](float* gradient, Index begin, Index end) {
          for (Index chunk = 1; chunk < chunks_.count(); ++chunk) {
            for (Index f = 0; f < frequencies; ++f) {
              const float* sum = sums_.data() + chunk * sum_size() + f * step;
              float* total = sums_.data() + f * step;
              for (Index i = begin * o_width_; i < end * o_width_; ++i) total[i] += sum[i];
            }
          }
          for (Index c = begin; c < end; ++c) {
            transforms_.weight_gradient(sums_.data() + c * o_width_, step, o_width_, gradient);
            tiles_.transpose(gradient, o_width_, conv_.o, 9, dw + 9 * c, 9 * conv_.c);
          }
        });
    return std::all_of(dw, dw + 9 * conv_.c * conv_.o, [](float v) { return std::isfinite(v); });
  }

  const WinogradConv& conv_;
  const TileKernels<float>& tiles_ = tile_kernels<float>();
  const WinogradKernels& transforms_ = winograd_kernels();
  Panels<float> panels_;  // of output channels
  Index c_width_, o_width_;
  EvenSplit split_;  // of input channels
  Blocks blocks_;
  EvenSplit chunks_;  // of blocks
  Index v_step_, e_step_;
  const float* dy_;
  const float* x_;
  detail::Scratch<Index> ks_;
  detail::Scratch<float> sums_;
};

}  // namespace

bool conv2d_winograd_backward_weight(const Conv2dDims& dims, const float* dy, const float* x,
                                     float* dw) {
  const WinogradConv conv = winograd_forward(dims);
  return BackwardWeight(conv, dy, x).run(dw);
}

}  // namespace tenon::kernels
