#pragma once

#include "kernels/simd/recurrent_plan.hpp"

/// What the tasks of a backward pass share, and what each has of its own.
namespace tenon::kernels {

/// Rows, of some steps of a block, whose gradients are collected before they are multiplied by x
/// and h: so many that the sums of the weights are rarely read and written, few enough for the
/// second-level cache.
inline constexpr Index collected_rows = 256;

template <class T>
struct BackwardPlan : RecurrentPlan<T> {
  BackwardPlan(const CellKernels<T>& kind, const RecurrentDims& dims,
               const RecurrentForward<T>& operands, const RecurrentBackward<T>& gradients)
      : RecurrentPlan<T>(kind, dims, operands, collected_rows), g(gradients) {
    for (int i = 0; i < dims.directions; ++i) pack(operands.weights[i], packed[i]);
    std::fill_n(zeros.data(), zeros_size(), T(0));
  }

  bool wants_dx() const { return g.dx != nullptr; }
  bool wants_input() const {
    return wants(&RecurrentWeightGradients<T>::w_ih) || wants(&RecurrentWeightGradients<T>::b_ih);
  }
  bool wants_recurrent() const {
    return wants(&RecurrentWeightGradients<T>::w_hh) || wants(&RecurrentWeightGradients<T>::b_hh);
  }
  bool wants_projection() const { return wants(&RecurrentWeightGradients<T>::w_hr); }

  /// A collected row of x, and of h as it was before a step: behind each stands a 1, of which the
  /// gradients of the biases come.
  Index x_row() const { return this->d.d + 1; }
  Index h_before_row() const { return Pieces<T>::whole_lines(this->h_row() + 1); }

  const RecurrentBackward<T>& g;
  Panels<T> features{this->kernels, this->d.d};
  Panels<T> outputs{this->kernels, this->d.outputs};
  Panels<T> states{this->kernels, this->d.s};

  /// One direction's weights as the products read them.
  struct Packed {
    explicit Packed(const BackwardPlan& p)
        : input(p.wants_dx() ? p.input.depth() * p.features.padded() : 0),
          recurrent(p.recurrent.depth() * p.outputs.padded()),
          projection(p.projects() ? p.d.outputs * p.states.padded() : 0) {}
    detail::Scratch<T> input, recurrent, projection;
  };
  Packed packed[2]{Packed(*this), Packed(*this)};

  Offsets input_columns{this->input}, recurrent_columns{this->recurrent};
  Offsets columns{std::max(this->d.d, this->h_row()) + 1, 1};
  Offsets sums_rows{this->most_pairs, this->layout.row()};
  Offsets x_rows{this->most_pairs, x_row()};
  Offsets h_before_rows{this->most_pairs, h_before_row()};
  Offsets h_rows{this->most_pairs, this->h_row()};
  detail::Scratch<T> zeros{zeros_size()};

 private:
  bool wants(T* RecurrentWeightGradients<T>::*which) const {
    return g.weights[0].*which != nullptr || g.weights[1].*which != nullptr;
  }
  Index zeros_size() const { return std::max(this->h_row(), this->layout.state_row()); }

  void pack(const RecurrentWeights<T>& w, Packed& to) {
    const Index features_end = wants_dx() ? features.count() : 0;
    const Index outputs_end = features_end + outputs.count();
    const Index panels = outputs_end + (this->projects() ? states.count() : 0);
    const Index width = std::max(features.width(0), outputs.width(0));
    parallel_for(panels, pack_grain(this->recurrent.depth() * width), [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) {
        if (i < features_end) {
          this->input.pack_rows(features, i, w.w_ih, this->d.d, to.input.data());
        } else if (i < outputs_end) {
          this->recurrent.pack_rows(outputs, i - features_end, w.w_hh, this->d.outputs,
                                    to.recurrent.data());
        } else {
          const Index p = i - outputs_end;
          this->kernels.pack(
              w.w_hr + states.begin(p), this->d.s, 1, this->d.outputs, states.size(p),
              to.projection.data() + states.place(p) * this->d.outputs, states.width(p));
        }
      }
    });
  }
};

/// The gradients of one direction's weights, summed over the sequences of a chunk: rows for the
/// features of x and the 1, and for those of h and (at h_row) the 1, of as many columns as there
/// are sums; rows for h of as many columns as there are units.
template <class T>
struct WeightSums {
  WeightSums(const BackwardPlan<T>& p, T* memory) : pieces(memory) {
    input = pieces.take(p.wants_input() ? p.x_row() * p.layout.row() : 0);
    recurrent = pieces.take(p.wants_recurrent() ? (p.h_row() + 1) * p.layout.row() : 0);
    projection = pieces.take(p.wants_projection() ? p.d.outputs * p.layout.state_row() : 0);
  }
  Pieces<T> pieces;
  T *input, *recurrent, *projection;
};

/// A task's memory. Collected of some steps: rows of the gradients of the sums, of x, of h before;
/// where h is projected, those of its gradient and of what is projected, too.
template <class T>
struct BackwardScratch {
  BackwardScratch(const BackwardPlan<T>& p, T* memory) : pieces(memory) {
    const Index rows = p.blocks.most_rows(), state_row = p.layout.state_row();
    const Index projected_pairs = p.projects() ? p.most_pairs : 0;
    dsums = pieces.take(p.most_pairs * p.layout.row());
    x = pieces.take(p.most_pairs * p.x_row());
    h_before = pieces.take(p.most_pairs * p.h_before_row());
    dh = pieces.take(rows * p.h_row());
    dc = pieces.take(rows * state_row);
    c0 = pieces.take(rows * state_row);
    collected_dh = pieces.take(projected_pairs * p.h_row());
    unprojected = pieces.take(projected_pairs * state_row);
    dunprojected = pieces.take(p.projects() ? rows * state_row : 0);
  }
  Pieces<T> pieces;
  T *dsums, *x, *h_before, *dh, *dc, *c0, *collected_dh, *unprojected, *dunprojected;
};

}  // namespace tenon::kernels
