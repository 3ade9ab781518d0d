#include "tenon/nn/generate.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <tuple>

#include "ops/logits.hpp"
#include "tenon/base/error.hpp"
#include "tenon/ops/shape.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::detail {
namespace {

void check_max_length(const char* op, Index max_length) {
  if (max_length >= 1) return;
  fail<ValueError>(op, "max_length must be at least 1, not ", max_length,
                   "; hint: {.max_length = 50, .end = id} stops after 50 ids where no end comes");
}

/// V, once the logits are known to be what comes after `rows` prefixes.
template <class T>
Index checked_vocabulary(const char* op, const BasicTensor<T>& logits, Index rows,
                         const std::optional<Index>& end) {
  if (!logits.defined() || logits.rank() != 2 || logits.size(0) != rows || logits.size(1) == 0) {
    fail<ShapeError>(op, "next must give logits (B=", rows,
                     ", V), a row for each prefix, but gave ",
                     logits.defined() ? to_string(logits.shape()) : "an undefined tensor",
                     "; hint: of logits (B, T, V) those of the last step count: select(1, -1)");
  }
  const Index v = logits.size(1);
  if (end && (*end < 0 || *end >= v)) {
    fail<IndexError>(op, "end is ", *end, " but the logits are of the ids 0 to ", v - 1,
                     "; hint: leave it out where no id ends a sequence");
  }
  return v;
}

}  // namespace

Generation::Generation(const LongTensor& prompts, const nn::GenerateOptions& options)
    : options_(options), prefixes_(prompts) {
  if (!prompts.defined() || prompts.rank() != 2) {
    fail<ShapeError>("generate", "prompts must have shape (N, T), not ",
                     prompts.defined() ? to_string(prompts.shape()) : "be undefined",
                     "; hint: unsqueeze(0) makes a batch of one prompt");
  }
  check_max_length("generate", options.max_length);
  const Index n = prompts.size(0);
  parents_ = arange<std::int64_t>(static_cast<double>(n));
  sequences_.resize(static_cast<std::size_t>(n));
  ended_.resize(sequences_.size());
  is_done_ = n == 0;
}

template <class T>
void Generation::advance(const BasicTensor<T>& logits, Generator& generator) {
  checked_vocabulary("generate", logits, prefixes_.size(0), options_.end);
  LongTensor ids = sample(logits, options_.sampling, generator);
  for (std::size_t i = 0; i < sequences_.size(); ++i) {
    std::int64_t& id = ids.data()[i];
    if (ended_[i]) id = *options_.end;
    ended_[i] = options_.end && id == *options_.end;
    if (!ended_[i]) sequences_[i].push_back(id);
  }
  prefixes_ = tenon::cat({prefixes_, ids.unsqueeze(1)}, 1);
  --options_.max_length;
  is_done_ =
      options_.max_length == 0 || std::find(ended_.begin(), ended_.end(), false) == ended_.end();
}

BeamSearch::BeamSearch(const LongTensor& prompt, const nn::BeamSearchOptions& options)
    : options_(options) {
  constexpr const char* op = "beam_search";
  if (!prompt.defined() || prompt.rank() != 1) {
    fail<ShapeError>(op, "prompt must have shape (T), not ",
                     prompt.defined() ? to_string(prompt.shape()) : "be undefined",
                     "; hint: it searches for one prompt at a time, prompts[i] of a batch");
  }
  check_max_length(op, options.max_length);
  if (options.width < 1) {
    fail<ValueError>(op, "width must be at least 1, not ", options.width,
                     "; hint: 4 is usual, 1 is the greedy choice");
  }
  if (options.count < 1 || options.count > options.width) {
    fail<ValueError>(op, "count must lie in [1, width], here [1, ", options.width, "], not ",
                     options.count, "; hint: a wider search finds more sequences");
  }
  if (!(options.alpha >= 0 && std::isfinite(options.alpha))) {
    fail<ValueError>(op, "alpha must be finite and at least 0, not ", options.alpha,
                     "; hint: 0.6 is usual, 0 compares the probabilities themselves");
  }
  prompt_ = prompt.contiguous();
  prefixes_ = prompt.unsqueeze(0);
  parents_ = zeros<std::int64_t>({1});
  beams_.emplace_back();
}

double BeamSearch::score(double log_probability, std::size_t length) const {
  return log_probability / std::pow((5 + static_cast<double>(length)) / 6, options_.alpha);
}

template <class T>
void BeamSearch::advance(const BasicTensor<T>& logits) {
  keep_likeliest(continuations(logits));
  if (!beams_.empty() && static_cast<Index>(beams_[0].ids.size()) == options_.max_length) {
    cut_off_ = std::move(beams_);
    beams_.clear();
  }
  if (!can_improve()) beams_.clear();
}

/// What may follow the beams, but for the end, which finishes them here.
template <class T>
auto BeamSearch::continuations(const BasicTensor<T>& logits_any) -> std::vector<Candidate> {
  const auto rows = static_cast<Index>(beams_.size());
  const Index v = checked_vocabulary("beam_search", logits_any, rows, options_.end);
  const auto logits = logits_any.contiguous();
  std::vector<Candidate> candidates;
  for (Index beam = 0; beam < rows; ++beam) {
    const T* x = logits.data() + beam * v;
    const auto largest =
        static_cast<double>(largest_logit("beam_search", x, v, beam, logits.shape()));
    if (std::isinf(largest)) continue;  // nothing may follow
    double sum = 0;
    for (Index id = 0; id < v; ++id) sum += std::exp(static_cast<double>(x[id]) - largest);
    const double log_sum = std::log(sum);
    const double so_far = beams_[static_cast<std::size_t>(beam)].log_probability;
    for (Index id = 0; id < v; ++id) {
      const double log_probability = so_far + (static_cast<double>(x[id]) - largest - log_sum);
      if (std::isinf(log_probability)) continue;
      if (options_.end == id) {
        finish(beam, log_probability);
      } else {
        candidates.push_back({log_probability, beam, id});
      }
    }
  }
  return candidates;
}

void BeamSearch::finish(Index beam, double log_probability) {
  nn::Hypothesis found = beams_[static_cast<std::size_t>(beam)];
  found.log_probability = log_probability;
  found.score = score(log_probability, found.ids.size() + 1);
  found.ended = true;
  const auto place = std::upper_bound(
      finished_.begin(), finished_.end(), found.score,
      [](double value, const nn::Hypothesis& other) { return value > other.score; });
  finished_.insert(place, std::move(found));
  if (static_cast<Index>(finished_.size()) > options_.count) finished_.pop_back();
}

/// Makes the likeliest candidates the next beams.
void BeamSearch::keep_likeliest(std::vector<Candidate> candidates) {
  const auto kept = std::min(candidates.size(), static_cast<std::size_t>(options_.width));
  const auto middle = candidates.begin() + static_cast<std::ptrdiff_t>(kept);
  std::partial_sort(candidates.begin(), middle, candidates.end(),
                    [](const Candidate& a, const Candidate& b) {
                      return std::tuple(-a.log_probability, a.beam, a.id) <
                             std::tuple(-b.log_probability, b.beam, b.id);
                    });
  candidates.resize(kept);

  const auto rows = static_cast<Index>(kept);
  std::vector<nn::Hypothesis> next;
  parents_ = LongTensor::empty({rows});
  for (const Candidate& c : candidates) {
    parents_.data()[next.size()] = c.beam;
    nn::Hypothesis beam = beams_[static_cast<std::size_t>(c.beam)];
    beam.ids.push_back(c.id);
    beam.log_probability = c.log_probability;
    beam.score = score(c.log_probability, beam.ids.size());
    next.push_back(std::move(beam));
  }
  beams_ = std::move(next);
  if (beams_.empty()) return;
  const Index prompt_length = prompt_.numel();
  const Index length = prompt_length + static_cast<Index>(beams_[0].ids.size());
  prefixes_ = LongTensor::empty({rows, length});
  for (Index row = 0; row < rows; ++row) {
    std::int64_t* to = prefixes_.data() + row * length;
    const std::vector<Index>& ids = beams_[static_cast<std::size_t>(row)].ids;
    std::copy_n(prompt_.data(), prompt_length, to);
    std::copy(ids.begin(), ids.end(), to + prompt_length);
  }
}

/// A prefix becomes less likely with every id, and max_length is the greatest divisor of its score.
bool BeamSearch::can_improve() const {
  if (beams_.empty() || static_cast<Index>(finished_.size()) < options_.count) return true;
  const double bound =
      score(beams_[0].log_probability, static_cast<std::size_t>(options_.max_length));
  return bound > finished_.back().score;
}

std::vector<nn::Hypothesis> BeamSearch::take() {
  const auto missing = static_cast<std::size_t>(options_.count) - finished_.size();
  const auto added = std::min(missing, cut_off_.size());
  std::move(cut_off_.begin(), cut_off_.begin() + static_cast<std::ptrdiff_t>(added),
            std::back_inserter(finished_));
  return std::move(finished_);
}

#define TENON_INSTANTIATE(T)                                                      \
  template TENON_API void Generation::advance(const BasicTensor<T>&, Generator&); \
  template TENON_API void BeamSearch::advance(const BasicTensor<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::detail
