#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "tenon/autograd/tape.hpp"
#include "tenon/base/random.hpp"
#include "tenon/ops/sampling.hpp"
#include "tenon/tensor/tensor.hpp"

/// How a network that scores the next id writes sequences. It is given as a function `next` of the
/// prefixes, so that any model will do:
///
///   auto next = [&](const LongTensor& prefixes) {     // (B, T)
///     return net(prefixes).select(1, -1);             // (B, V), the logits of what follows each
///   };
///   auto texts = nn::generate(prompts, next, {.max_length = 50, .end = 2});
///   auto best = nn::beam_search(prompt, next, {.max_length = 50, .end = 2});
///
/// A model that keeps keys and values from call to call takes two arguments, next(prefixes,
/// parents): parents (B) names the row of the call before that each prefix goes on from, whose keys
/// it needs.
namespace tenon::nn {

struct GenerateOptions {
  Index max_length = 0;           ///< ids to generate at most, the end among them; >= 1
  std::optional<Index> end = {};  ///< the id that ends a sequence; none: all have max_length
  SamplingOptions sampling = {.temperature = 0};  ///< unless told, always the likeliest id
};

struct BeamSearchOptions {
  Index max_length = 0;           ///< ids to generate at most, the end among them; >= 1
  std::optional<Index> end = {};  ///< the id that ends a sequence; none: all have max_length
  Index width = 4;                ///< prefixes that are kept at each step, >= 1
  double alpha = 0.6;             ///< how much longer sequences are favoured, >= 0; 0: not at all
  Index count = 1;                ///< sequences wanted, in [1, width]
};

/// A sequence that beam_search() found.
struct Hypothesis {
  std::vector<Index> ids;      ///< without the prompt and without the end
  double log_probability = 0;  ///< of the ids, and of the end where it was reached
  double score = 0;    ///< log_probability / ((5 + length) / 6)^alpha, the end counted in length
  bool ended = false;  ///< whether it has an end; without one max_length cut it off
};

}  // namespace tenon::nn

namespace tenon::detail {

/// A batch of sequences that grow by an id each in every step.
class TENON_API Generation {
 public:
  Generation(const LongTensor& prompts, const nn::GenerateOptions& options);

  bool is_done() const { return is_done_; }
  const LongTensor& prefixes() const { return prefixes_; }
  const LongTensor& parents() const { return parents_; }
  template <class T>
  void advance(const BasicTensor<T>& logits, Generator& generator);
  std::vector<std::vector<Index>> take() { return std::move(sequences_); }

 private:
  nn::GenerateOptions options_;
  LongTensor prefixes_, parents_;
  std::vector<std::vector<Index>> sequences_;
  std::vector<bool> ended_;
  bool is_done_ = false;
};

/// The beams of one prompt. Ties are broken by the beam's rank, then by the id.
class TENON_API BeamSearch {
 public:
  BeamSearch(const LongTensor& prompt, const nn::BeamSearchOptions& options);

  bool is_done() const { return beams_.empty(); }
  const LongTensor& prefixes() const { return prefixes_; }
  const LongTensor& parents() const { return parents_; }
  template <class T>
  void advance(const BasicTensor<T>& logits);
  std::vector<nn::Hypothesis> take();

 private:
  struct Candidate {
    double log_probability;
    Index beam, id;
  };

  double score(double log_probability, std::size_t length) const;
  template <class T>
  std::vector<Candidate> continuations(const BasicTensor<T>& logits);
  void finish(Index beam, double log_probability);
  void keep_likeliest(std::vector<Candidate> candidates);
  bool can_improve() const;

  nn::BeamSearchOptions options_;
  LongTensor prompt_, prefixes_, parents_;
  std::vector<nn::Hypothesis> beams_;     // not ended yet, the likeliest first
  std::vector<nn::Hypothesis> finished_;  // the best `count` that have ended, the best first
  std::vector<nn::Hypothesis> cut_off_;   // by max_length, the likeliest first
};

template <class Next>
auto call_next(Next& next, const LongTensor& prefixes, const LongTensor& parents) {
  if constexpr (std::is_invocable_v<Next&, const LongTensor&, const LongTensor&>) {
    return next(prefixes, parents);
  } else {
    return next(prefixes);
  }
}

}  // namespace tenon::detail

namespace tenon::nn {

/// Continues each prompt by one id at a time, as options.sampling says, until all have ended.
/// prompts (N, T)   next: see above; logits (N, V)
/// Gives N lists of at most max_length ids, without the prompt and without the end. The generator
/// moves on by one stream a step, and each sequence draws numbers of its own. After a sequence has
/// ended, its prefix goes on with end. Throws ShapeError for other shapes, ValueError for an option
/// out of its range, IndexError for an end that is no id, and what sample() throws.
template <class Next>
std::vector<std::vector<Index>> generate(const LongTensor& prompts, Next&& next,
                                         const GenerateOptions& options,
                                         Generator& generator = default_generator()) {
  const NoTape no_gradients;
  detail::Generation generation(prompts, options);
  while (!generation.is_done()) {
    generation.advance(detail::call_next(next, generation.prefixes(), generation.parents()),
                       generator);
  }
  return generation.take();
}

/// Looks for the most probable continuations of a prompt, keeping the `width` likeliest prefixes at
/// each step.
/// prompt (T)   next: see above; logits (B, V) for prefixes (B, T + step), B <= width
/// Gives `count` sequences, the one of the highest score first; fewer only where no more are
/// possible. Those that ended come before those that max_length cut off. Every prefix's end is
/// considered, so that with width >= V^(max_length - 1) nothing is missed. Stops as soon as no
/// prefix can lead to a better score. Equal scores stay in the order in which they were found: the
/// shorter first, then the likelier prefix, then the smaller id. Throws ShapeError for other
/// shapes, ValueError for an option out of its range and logits that are NaN or infinity,
/// IndexError for an end that is no id. Source of the score: Wu et al., "Google's neural machine
/// translation system", 2016, equation 14.
template <class Next>
std::vector<Hypothesis> beam_search(const LongTensor& prompt, Next&& next,
                                    const BeamSearchOptions& options) {
  const NoTape no_gradients;
  detail::BeamSearch search(prompt, options);
  while (!search.is_done()) {
    search.advance(detail::call_next(next, search.prefixes(), search.parents()));
  }
  return search.take();
}

}  // namespace tenon::nn
