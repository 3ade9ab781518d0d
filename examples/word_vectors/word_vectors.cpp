// Word vectors by skip-gram with negative sampling: the vector of a word is trained to tell the
// words that stand near it in the IMDB reviews from random ones, and words of like meaning end up
// side by side.
//
// Get the data by scripts/download_data.sh --only imdb DIR, then: word_vectors --data DIR
//
// Expected: for at least 15 of the 20 probes below, a word that was named beforehand is among the
// ten nearest ones. Source: Mikolov et al., "Distributed representations of words and phrases and
// their compositionality", NIPS 2013.

#include <algorithm>
#include <tenon/tenon.hpp>

#include "example.hpp"
#include "pairs.hpp"
#include "reviews.hpp"

using namespace tenon;

namespace {

struct Probe {
  std::string word;
  std::vector<std::string> expected;
};

const std::vector<Probe> probes{{"good", {"great", "decent"}},
                                {"bad", {"terrible", "awful", "horrible"}},
                                {"film", {"movie"}},
                                {"actor", {"actress"}},
                                {"husband", {"wife"}},
                                {"brother", {"sister"}},
                                {"father", {"mother", "son"}},
                                {"funny", {"hilarious", "humorous"}},
                                {"boring", {"dull", "tedious"}},
                                {"beautiful", {"gorgeous", "lovely", "stunning"}},
                                {"scary", {"creepy", "frightening", "spooky"}},
                                {"music", {"soundtrack", "songs", "score"}},
                                {"war", {"wwii", "military", "soldiers", "vietnam"}},
                                {"two", {"three", "four"}},
                                {"french", {"italian", "german"}},
                                {"detective", {"cop", "investigator", "inspector"}},
                                {"guns", {"gun", "weapons", "bullets"}},
                                {"book", {"novel"}},
                                {"vampire", {"vampires", "werewolf"}},
                                {"school", {"college", "students", "teacher"}}};

constexpr Index words = 15000, features = 100, window = 5;
constexpr Index noise_words = 64;   // drawn for each batch, shared by its pairs
constexpr double noise_weight = 5;  // as if each pair had five of its own

struct SkipGram : nn::Module {
  nn::Embedding center{words, features}, context{words, features};

  Tensor loss(const LongTensor& centers, const LongTensor& contexts, const LongTensor& noise) {
    const Tensor c = center(centers), far = context(noise);
    const Tensor yes = sum(c * context(contexts), 1), no = matmul(c, far.t());
    return binary_cross_entropy_with_logits(yes, ones_like(yes)) +
           noise_weight * binary_cross_entropy_with_logits(no, zeros_like(no));
  }
  void visit(nn::Visitor& v) override {
    v("center", center);
    v("context", context);
  }
};

void train(SkipGram& net, const example::Reviews& reviews, const example::Options& options,
           example::Progress& progress) {
  optim::Adagrad adagrad(net, {.lr = options.lr});
  const Noise noise(reviews.vocabulary);
  LongTensor centers = LongTensor::empty({options.batch_size}), contexts = centers.clone();
  progress.resume(net, adagrad);
  while (progress.next_epoch()) {
    Pairs pairs(reviews.vocabulary, window,
                options.seed + static_cast<std::uint64_t>(progress.epoch()));
    Index filled = 0;
    const LongTensor order = randperm(static_cast<Index>(reviews.train.ids.size()));
    for (Index i = 0; i < order.numel(); ++i) {
      const auto& text = reviews.train.ids[static_cast<std::size_t>(order(i))];
      pairs.for_each(text, [&](Index word, Index near) {
        centers(filled) = word;
        contexts(filled) = near;
        if (++filled < options.batch_size) return;
        filled = 0;
        Tape tape;
        const Tensor loss = net.loss(centers, contexts, noise.draw(noise_words));
        adagrad.step(tape.gradients(loss));
        progress.add_batch(loss.item());
      });
    }
    progress.end_epoch();
    progress.print();
  }
}

/// The ten words whose vectors point most nearly where that of the given one does.
std::vector<Index> nearest(const Tensor& unit_vectors, Index id) {
  const Tensor similarity = matmul(unit_vectors, unit_vectors[id]);
  std::vector<Index> ids;
  for (Index i = data::Vocabulary::first_word; i < words; ++i) {
    if (i != id) ids.push_back(i);
  }
  std::partial_sort(ids.begin(), ids.begin() + 10, ids.end(),
                    [&](Index a, Index b) { return similarity(a) > similarity(b); });
  ids.resize(10);
  return ids;
}

void word_vectors(const example::Options& options) {
  const example::Reviews reviews = example::load_reviews(options, words);
  const data::Vocabulary& vocabulary = reviews.vocabulary;
  manual_seed(options.seed);
  SkipGram net;
  nn::init::keras(net);
  example::Progress progress(options);
  train(net, reviews, options, progress);

  const Tensor vectors = net.center.weight;
  const Tensor unit_vectors = vectors / sqrt(sum(vectors * vectors, {1}, true));
  Index found = 0;
  for (const Probe& probe : probes) {
    const std::vector<Index> ids = nearest(unit_vectors, vocabulary.id(probe.word));
    const bool hit = std::any_of(ids.begin(), ids.end(), [&](Index id) {
      return std::find(probe.expected.begin(), probe.expected.end(), vocabulary.word(id)) !=
             probe.expected.end();
    });
    found += hit;
    std::printf("%s %s: %s\n", hit ? "+" : "-", probe.word.c_str(), vocabulary.decode(ids).c_str());
  }
  const double share = static_cast<double>(found) / static_cast<double>(probes.size());
  example::report(options, net, {.accuracy = share, .loss = progress.loss()}, progress);
  std::printf("expected: 15 of 20 probes or more\nprobes found: %lld of %zu\n",
              static_cast<long long>(found), probes.size());
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "Word vectors of the IMDB reviews",
                      {.epochs = 3, .batch_size = 4096, .lr = 0.2}, word_vectors);
}
