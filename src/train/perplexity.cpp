#include "tenon/train/perplexity.hpp"

#include <cmath>

#include "tenon/autograd/tape.hpp"
#include "tenon/ops/cross_entropy.hpp"
#include "train/labelled_rows.hpp"
#include "train/metric_state.hpp"

namespace tenon {

void Perplexity::reset() {
  sum_ = 0;
  count_ = 0;
}

template <std::floating_point T>
void Perplexity::update(const BasicTensor<T>& logits, const LongTensor& target) {
  const auto rows = detail::labelled_rows("Perplexity", logits, target, ignore_index_);
  if (rows.c == 1) {
    detail::fail<ShapeError>("Perplexity", "logits ", logits.shape(),
                             " have one score a sample but must have one a class, (N, C) or "
                             "(N, L, C); hint: a network that writes has an output for each token");
  }
  const NoTape guard;
  const auto losses =
      cross_entropy(rows.scores.reshape({rows.n, rows.c}), rows.labels.reshape({rows.n}),
                    {.reduction = Reduction::none, .ignore_index = ignore_index_});
  for (Index i = 0; i < rows.n; ++i) {
    if (rows.labels.data()[i] == ignore_index_) continue;
    sum_ += static_cast<double>(losses.data()[i]);
    ++count_;
  }
}

double Perplexity::result() const {
  return std::exp(sum_ / static_cast<double>(count_));  // 0 / 0 without a label
}

std::vector<double> Perplexity::state() const { return {sum_, static_cast<double>(count_)}; }

void Perplexity::load_state(const std::vector<double>& state) {
  detail::check_state_size("Perplexity", state, 2);
  count_ = detail::state_count("Perplexity", state, 1);
  sum_ = state[0];
}

template TENON_API void Perplexity::update(const BasicTensor<float>&, const LongTensor&);
template TENON_API void Perplexity::update(const BasicTensor<double>&, const LongTensor&);

}  // namespace tenon
