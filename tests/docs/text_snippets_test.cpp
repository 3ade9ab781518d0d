// The code of docs/text.md: each region between [name] and [/name] is quoted there, and runs here.

#include <tenon/tenon.hpp>

#include "catch.hpp"
#include "temporary_folder.hpp"

using namespace tenon;

namespace {

// [bag-of-words]
struct BagOfWords : nn::Module {
  nn::Embedding words;
  nn::Linear out{8, 1};

  explicit BagOfWords(Index vocabulary) : words(vocabulary, 8) {}
  Tensor operator()(const LongTensor& ids, const LongTensor& lengths) {
    return out(masked_mean(words(ids), lengths)).squeeze(-1);  // (N, L, 8) -> (N, 8) -> (N)
  }
  void visit(nn::Visitor& v) override {
    v("words", words);
    v("out", out);
  }
};
// [/bag-of-words]

const std::vector<std::string> texts{"A good film, really good!", "A bad film.", "What a good idea",
                                     "Bad, bad acting"};

}  // namespace

TEST_CASE("the text page's way from texts to a trained net", "[docs]") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("words.txt");
  const Tensor labels = tensor({1, 0, 1, 0});
  // [vocabulary]
  data::Tokenizer tokenizer;  // small letters, no punctuation
  data::WordCounter counter;
  for (const auto& text : texts) counter.add(tokenizer(text));
  data::Vocabulary vocabulary(counter, {.max_size = 10000});

  std::vector<std::vector<Index>> sequences;
  for (const auto& text : texts) sequences.push_back(vocabulary.encode(tokenizer(text)));
  // [/vocabulary]
  REQUIRE(vocabulary.decode(sequences[0]) == "a good film really good");

  // [vocabulary-file]
  vocabulary.save(path);  // a text file: a word and its count on each line
  data::Vocabulary same = data::Vocabulary::load(path);
  // [/vocabulary-file]
  REQUIRE(same.id("film") == vocabulary.id("film"));

  // [pad-sequences]
  LongTensor ids = data::pad_sequences(
      sequences, {.maxlen = 4, .padding = data::Side::post, .truncating = data::Side::post});
  // [/pad-sequences]
  REQUIRE(ids.shape() == Shape{4, 4});
  REQUIRE(ids(1, 3) == data::Vocabulary::pad);

  manual_seed(1);
  float last = 1;
  // [sequence-loader]
  data::SequenceLoader loader(data::SequenceDataset(sequences, labels),
                              {.batch_size = 2, .shuffle = true});
  BagOfWords net(vocabulary.size());
  optim::Adagrad adagrad(net, {.lr = 0.3});
  for (int epoch = 0; epoch < 20; ++epoch) {
    for (auto& [batch, lengths, wanted] : loader) {
      Tape tape;
      Tensor loss = binary_cross_entropy_with_logits(net(batch, lengths), wanted);
      adagrad.step(tape.gradients(loss));
      last = loss.item();
    }
  }
  // [/sequence-loader]
  REQUIRE(last < 0.1F);
}

TEST_CASE("the text page's masked reductions", "[docs]") {
  const Tensor logits = rand({2, 5, 3});  // (N, C, L)
  const LongTensor labels = zeros<std::int64_t>({2, 3}), lengths = tensor<std::int64_t>({3, 1});
  // [masked]
  Tensor losses = cross_entropy(logits, labels, {.reduction = Reduction::none});  // (N, L)
  Tensor loss = masked_loss(losses, lengths);   // the mean over the real steps
  BoolTensor mask = sequence_mask(lengths, 3);  // for real steps that lengths cannot tell
  Tensor same = masked_loss(losses, mask);
  // [/masked]
  REQUIRE(equal(loss, same));
  REQUIRE(equal(mask, tensor<bool>({{1, 1, 1}, {1, 0, 0}})));
}
