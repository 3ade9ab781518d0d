#include "tenon/nn/generate.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "nn_support.hpp"
#include "tenon/nn/embedding.hpp"
#include "tenon/ops/softmax.hpp"

using namespace tenon;
using namespace tenon::test;
using Ids = std::vector<Index>;

namespace {

/// A model of v ids whose logits are random numbers that follow from the whole prefix.
struct Scorer {
  Index v;
  std::uint64_t seed = 1;
  int calls = 0;

  Ids prefix_of(const LongTensor& prefixes, Index row) const {
    Ids ids;
    for (Index t = 0; t < prefixes.size(1); ++t) ids.push_back(prefixes(row, t));
    return ids;
  }
  DoubleTensor row(const Ids& prefix) const {
    std::uint64_t hash = seed;
    for (const Index id : prefix) hash = hash * 31 + static_cast<std::uint64_t>(id) + 7;
    return random_tensor({v}, hash, -2, 2);
  }
  DoubleTensor operator()(const LongTensor& prefixes) {
    ++calls;
    std::vector<DoubleTensor> rows;
    for (Index i = 0; i < prefixes.size(0); ++i) rows.push_back(row(prefix_of(prefixes, i)));
    return stack(rows);
  }
};

struct Expected {
  Ids ids;
  double log_probability;
  bool ended;
};

double score_of(const Expected& e, double alpha) {
  const double length = static_cast<double>(e.ids.size()) + (e.ended ? 1 : 0);
  return e.log_probability / std::pow((5 + length) / 6, alpha);
}

/// Every sequence there is; id 0 ends one.
void enumerate(const Scorer& model, Ids prefix, std::size_t prompt, double so_far, Index left,
               std::vector<Expected>& all) {
  const auto ids = Ids(prefix.begin() + static_cast<std::ptrdiff_t>(prompt), prefix.end());
  if (left == 0) return all.push_back({ids, so_far, false});
  const auto log_p = log_softmax(model.row(prefix), 0);
  all.push_back({ids, so_far + log_p(0), true});
  prefix.push_back(0);
  for (Index id = 1; id < model.v; ++id) {
    prefix.back() = id;
    enumerate(model, prefix, prompt, so_far + log_p(id), left - 1, all);
  }
}

/// The search in its plainest form: no early end, everything sorted.
std::vector<Expected> plain_search(const Scorer& model, const Ids& prompt,
                                   const nn::BeamSearchOptions& o) {
  std::vector<Expected> beams{{{}, 0, false}}, ended;
  for (Index step = 0; step < o.max_length; ++step) {
    std::vector<Expected> longer;
    for (const Expected& beam : beams) {
      Ids prefix = prompt;
      prefix.insert(prefix.end(), beam.ids.begin(), beam.ids.end());
      const auto log_p = log_softmax(model.row(prefix), 0);
      ended.push_back({beam.ids, beam.log_probability + log_p(0), true});
      for (Index id = 1; id < model.v; ++id) {
        Expected next{beam.ids, beam.log_probability + log_p(id), false};
        next.ids.push_back(id);
        longer.push_back(std::move(next));
      }
    }
    std::stable_sort(longer.begin(), longer.end(), [](const Expected& a, const Expected& b) {
      return a.log_probability > b.log_probability;
    });
    longer.resize(std::min(longer.size(), static_cast<std::size_t>(o.width)));
    beams = std::move(longer);
  }
  std::stable_sort(ended.begin(), ended.end(), [&](const Expected& a, const Expected& b) {
    return score_of(a, o.alpha) > score_of(b, o.alpha);
  });
  ended.insert(ended.end(), beams.begin(), beams.end());
  ended.resize(std::min(ended.size(), static_cast<std::size_t>(o.count)));
  return ended;
}

void check_same(const std::vector<nn::Hypothesis>& found, const std::vector<Expected>& expected,
                double alpha) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO("sequence " << i);
    CHECK(found[i].ids == expected[i].ids);
    CHECK(found[i].ended == expected[i].ended);
    CHECK(found[i].log_probability == Approx(expected[i].log_probability).epsilon(1e-12));
    CHECK(found[i].score == Approx(score_of(expected[i], alpha)).epsilon(1e-12));
  }
}

}  // namespace

TEST_CASE("a beam as wide as the tree finds what all sequences contain", "[nn][generate]") {
  for (const double alpha : {0.0, 0.6, 2.0}) {
    for (const std::uint64_t seed : {1u, 2u, 3u, 4u}) {
      Scorer model{3, seed};
      std::vector<Expected> every;
      enumerate(model, {5, 6}, 2, 0, 4, every);
      REQUIRE(every.size() == 15 + 16);
      std::sort(every.begin(), every.end(), [&](const Expected& a, const Expected& b) {
        return std::tuple(!a.ended, -score_of(a, alpha)) <
               std::tuple(!b.ended, -score_of(b, alpha));
      });
      for (const Index count : {1, 3, 31}) {
        const auto found = nn::beam_search(
            tensor<std::int64_t>({5, 6}), model,
            {.max_length = 4, .end = 0, .width = 31, .alpha = alpha, .count = count});
        check_same(found, {every.begin(), every.begin() + count}, alpha);
      }
    }
  }
}

TEST_CASE("narrow beams keep the likeliest prefixes", "[nn][generate]") {
  for (const std::uint64_t seed : {1u, 2u, 3u, 4u, 5u, 6u}) {
    for (const Index width : {1, 2, 3, 7}) {
      for (const Index count : {Index{1}, width}) {
        for (const double alpha : {0.0, 1.0}) {
          CAPTURE(seed, width, count, alpha);
          Scorer model{5, seed};
          const nn::BeamSearchOptions options{
              .max_length = 6, .end = 0, .width = width, .alpha = alpha, .count = count};
          const auto found = nn::beam_search(tensor<std::int64_t>({9}), model, options);
          check_same(found, plain_search(model, {9}, options), alpha);
        }
      }
    }
  }
}

TEST_CASE("beam_search finds what the greedy choice misses", "[nn][generate]") {
  // After the likelier 1 all is open, after 2 the end is nearly certain.
  const auto next = [](const LongTensor& prefixes) {
    std::vector<Tensor> rows;
    for (Index i = 0; i < prefixes.size(0); ++i) {
      const Index last = prefixes(i, -1);
      rows.push_back(last == 3   ? tensor<float>({-9, 0.1, 0, -9})
                     : last == 1 ? tensor({0, 0, 0, 0})
                                 : tensor({9, 0, 0, 0}));
    }
    return stack(rows);
  };
  const auto prompt = tensor<std::int64_t>({3});
  CHECK(nn::generate(prompt.unsqueeze(0), next, {.max_length = 2, .end = 0}) ==
        std::vector<Ids>{{1}});
  const auto best = nn::beam_search(prompt, next, {.max_length = 2, .end = 0, .alpha = 0});
  REQUIRE(best.size() == 1);
  CHECK(best[0].ids == Ids{2});
  CHECK(nn::beam_search(prompt, next, {.max_length = 2, .end = 0, .width = 1, .alpha = 0})[0].ids ==
        Ids{1});
}

TEST_CASE("beam_search stops when nothing better can come", "[nn][generate]") {
  int calls = 0;
  const auto next = [&](const LongTensor& prefixes) {
    ++calls;
    return tensor({{5, 0, 0}}).expand({prefixes.size(0), 3});
  };
  const auto prompt = tensor<std::int64_t>({1});
  const auto best = nn::beam_search(prompt, next, {.max_length = 1000, .end = 0, .alpha = 0});
  CHECK(calls == 1);
  CHECK(best[0].ids.empty());
  CHECK(best[0].ended);
}

TEST_CASE("beam_search goes on where length can still make up for an early end", "[nn][generate]") {
  // The end at once is as likely as 1, after which five more and the end are nearly certain.
  const auto next = [](const LongTensor& prefixes) {
    const Index length = prefixes.size(1);
    return length == 1  ? tensor({{0, 0, -30}})
           : length < 7 ? tensor({{-30, 0, -30}})
                        : tensor({{0, -30, -30}});
  };
  const auto best = nn::beam_search(tensor<std::int64_t>({2}), next,
                                    {.max_length = 7, .end = 0, .width = 1, .alpha = 2});
  CHECK(best[0].ids.size() == 6);
  CHECK(best[0].score == Approx(std::log(0.5) / 4));
}

TEST_CASE("equal scores keep a fixed order", "[nn][generate]") {
  const auto next = [](const LongTensor& prefixes) { return zeros({prefixes.size(0), 3}); };
  const auto prompt = tensor<std::int64_t>({1});
  const nn::BeamSearchOptions options{
      .max_length = 2, .end = 0, .width = 7, .alpha = 0, .count = 7};
  const auto found = nn::beam_search(prompt, next, options);
  REQUIRE(found.size() == 7);
  const std::vector<Ids> ended_then_cut{{}, {1}, {2}, {1, 1}, {1, 2}, {2, 1}, {2, 2}};
  for (std::size_t i = 0; i < 7; ++i) CHECK(found[i].ids == ended_then_cut[i]);
  CHECK(found[2].ended);
  CHECK_FALSE(found[3].ended);
}

TEST_CASE("without an end sequences are as long as allowed", "[nn][generate]") {
  Scorer model{4};
  const auto prompt = tensor<std::int64_t>({1, 2});
  const auto found = nn::beam_search(prompt, model, {.max_length = 3, .width = 5, .count = 5});
  REQUIRE(found.size() == 5);
  for (const auto& hypothesis : found) {
    CHECK(hypothesis.ids.size() == 3);
    CHECK_FALSE(hypothesis.ended);
  }
  CHECK(nn::generate(stack({prompt, prompt}), model, {.max_length = 7})[1].size() == 7);
}

TEST_CASE("parents name the rows that prefixes go on from", "[nn][generate]") {
  Scorer model{4, 3};
  LongTensor before;
  const auto next = [&](const LongTensor& prefixes, const LongTensor& parents) {
    REQUIRE(parents.shape() == Shape{prefixes.size(0)});
    if (before.defined()) {
      for (Index i = 0; i < parents.numel(); ++i) {
        CHECK(equal(prefixes[i].narrow(0, 0, before.size(1)), before[parents(i)]));
      }
    }
    before = prefixes;
    return model(prefixes);
  };
  const auto prompt = tensor<std::int64_t>({1});
  const auto found = nn::beam_search(prompt, next, {.max_length = 6, .end = 0, .width = 3});
  CHECK(found[0].ids ==
        nn::beam_search(prompt, model, {.max_length = 6, .end = 0, .width = 3})[0].ids);
  before = {};
  nn::generate(tensor<std::int64_t>({{1}, {2}}), next, {.max_length = 4});
}

TEST_CASE("generate continues each prompt by itself", "[nn][generate]") {
  Scorer model{6, 2};
  const auto prompts = tensor<std::int64_t>({{1, 2}, {3, 4}, {5, 0}});
  const auto texts = nn::generate(prompts, model, {.max_length = 12, .end = 0});
  REQUIRE(texts.size() == 3);
  for (Index i = 0; i < 3; ++i) {
    Ids prefix{prompts(i, 0), prompts(i, 1)}, expected;
    while (expected.size() < 12) {
      const auto row = values_of(model.row(prefix));
      const Index id = std::max_element(row.begin(), row.end()) - row.begin();
      if (id == 0) break;
      prefix.push_back(id);
      expected.push_back(id);
    }
    CHECK(texts[static_cast<std::size_t>(i)] == expected);
  }
  CHECK(nn::generate(LongTensor::empty({0, 3}), model, {.max_length = 3}).empty());
}

TEST_CASE("generate samples what the generator says", "[nn][generate]") {
  Scorer model{8, 5};
  const auto prompts = zeros<std::int64_t>({20, 1});
  const nn::GenerateOptions options{.max_length = 10, .end = 0, .sampling = {.temperature = 2}};
  const auto run = [&](std::uint64_t seed) {
    Generator generator(seed);
    return nn::generate(prompts, model, options, generator);
  };
  const auto texts = run(1);
  CHECK(texts == run(1));
  CHECK(texts != run(2));
  CHECK(texts[0] != texts[1]);
  for (int threads : {2, 3, 8}) {
    const ThreadScope scope(threads);
    CHECK(run(1) == texts);
  }
}

TEST_CASE("generation records nothing on an open tape", "[nn][generate]") {
  nn::Embedding table(4, 4);
  const auto next = [&](const LongTensor& prefixes) { return table(prefixes).select(1, -1); };
  Tape tape;
  nn::generate(zeros<std::int64_t>({2, 1}), next, {.max_length = 2});
  nn::beam_search(zeros<std::int64_t>({1}), next, {.max_length = 2});
  CHECK(tape.size() == 0);
  next(zeros<std::int64_t>({2, 1}));
  CHECK(tape.size() > 0);
}

TEST_CASE("generate stops when all have ended", "[nn][generate]") {
  int calls = 0;
  const auto next = [&](const LongTensor& prefixes) {
    ++calls;
    return prefixes.size(1) < 3 ? tensor<double>({{0, 1}, {1, 0}})
                                : tensor<double>({{1, 0}, {0, 1}});
  };
  const auto texts =
      nn::generate(tensor<std::int64_t>({{1}, {1}}), next, {.max_length = 50, .end = 0});
  CHECK(texts == std::vector<Ids>{{1, 1}, {}});
  CHECK(calls == 3);
}

TEST_CASE("beam_search drops what is impossible", "[nn][generate]") {
  const float least = -INFINITY;
  const auto next = [&](const LongTensor& prefixes) {
    return tensor<float>({{least, 0, least}}).expand({prefixes.size(0), 3});
  };
  const auto prompt = tensor<std::int64_t>({1});
  const auto found =
      nn::beam_search(prompt, next, {.max_length = 3, .end = 0, .width = 3, .count = 3});
  REQUIRE(found.size() == 1);
  CHECK(found[0].ids == Ids{1, 1, 1});
  CHECK(found[0].log_probability == 0);
  const auto none = [&](const LongTensor& p) { return full({p.size(0), 3}, least); };
  CHECK(nn::beam_search(prompt, none, {.max_length = 3, .end = 0}).empty());
}

TEST_CASE("generation says what is wrong", "[nn][generate][errors]") {
  Scorer model{4};
  const auto prompt = tensor<std::int64_t>({1});
  const auto batch = prompt.unsqueeze(0);
  CHECK(
      error_of<ShapeError>([&] { nn::generate(prompt, model, {.max_length = 3}); }) ==
      "[generate] prompts must have shape (N, T), not (1); hint: unsqueeze(0) makes a batch of one "
      "prompt");
  CHECK_THROWS_AS(nn::generate(LongTensor(), model, {.max_length = 3}), ShapeError);
  CHECK(
      error_of<ValueError>([&] { nn::generate(batch, model, {}); }) ==
      "[generate] max_length must be at least 1, not 0; hint: {.max_length = 50, .end = id} stops "
      "after 50 ids where no end comes");
  CHECK(
      error_of<ShapeError>([&] { nn::beam_search(batch, model, {.max_length = 3}); }) ==
      "[beam_search] prompt must have shape (T), not (1, 1); hint: it searches for one prompt at a "
      "time, prompts[i] of a batch");
  CHECK_THROWS_AS(nn::beam_search(prompt, model, {}), ValueError);
  CHECK(error_of<ValueError>(
            [&] { nn::beam_search(prompt, model, {.max_length = 3, .width = 0}); }) ==
        "[beam_search] width must be at least 1, not 0; hint: 4 is usual, 1 is the greedy choice");
  CHECK(
      error_of<ValueError>(
          [&] { nn::beam_search(prompt, model, {.max_length = 3, .count = 5}); }) ==
      "[beam_search] count must lie in [1, width], here [1, 4], not 5; hint: a wider search finds "
      "more sequences");
  CHECK(error_of<ValueError>(
            [&] { nn::beam_search(prompt, model, {.max_length = 3, .alpha = -1}); }) ==
        "[beam_search] alpha must be finite and at least 0, not -1; hint: 0.6 is usual, 0 compares "
        "the probabilities themselves");
  CHECK(
      error_of<IndexError>([&] { nn::beam_search(prompt, model, {.max_length = 3, .end = 4}); }) ==
      "[beam_search] end is 4 but the logits are of the ids 0 to 3; hint: leave it out where no id "
      "ends a sequence");
  CHECK_THROWS_AS(nn::generate(batch, model, {.max_length = 3, .end = -1}), IndexError);
  const auto whole = [&](const LongTensor& p) { return zeros({p.size(0), p.size(1), 4}); };
  CHECK(error_of<ShapeError>([&] { nn::beam_search(prompt, whole, {.max_length = 3}); }) ==
        "[beam_search] next must give logits (B=1, V), a row for each prefix, but gave (1, 1, 4); "
        "hint: of logits (B, T, V) those of the last step count: select(1, -1)");
  const auto nothing = [&](const LongTensor&) { return Tensor(); };
  CHECK(error_of<ShapeError>([&] { nn::generate(batch, nothing, {.max_length = 3}); }) ==
        "[generate] next must give logits (B=1, V), a row for each prefix, but gave an undefined "
        "tensor; hint: of logits (B, T, V) those of the last step count: select(1, -1)");
  const auto nan = [&](const LongTensor& p) { return full({p.size(0), 4}, NAN); };
  CHECK(error_of<ValueError>([&] { nn::beam_search(prompt, nan, {.max_length = 3}); }) ==
        "[beam_search] logits(0, 0) is nan but must be finite, or -infinity for what must not be "
        "chosen; hint: look for the first layer whose output is not finite");
}
