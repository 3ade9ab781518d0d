#include "reviews.hpp"

#include "samples.hpp"

namespace example {

namespace {

std::vector<std::vector<std::string>> tokenized(const std::vector<std::string>& texts) {
  const tenon::data::Tokenizer tokenizer;
  std::vector<std::vector<std::string>> words;
  words.reserve(texts.size());
  for (const std::string& text : texts) words.push_back(tokenizer(text));
  return words;
}

ReviewIds encoded(const tenon::data::Vocabulary& vocabulary,
                  const std::vector<std::vector<std::string>>& texts,
                  const tenon::LongTensor& labels, Index count) {
  ReviewIds part{{}, labels.narrow(0, 0, count)};
  for (Index i = 0; i < count; ++i) {
    part.ids.push_back(vocabulary.encode(texts[static_cast<std::size_t>(i)], true));
  }
  return part;
}

}  // namespace

Reviews load_reviews(const Options& options, Index words) {
  const auto imdb = tenon::data::load_imdb(data_folder(options));
  const auto train = tokenized(imdb.train.texts), test = tokenized(imdb.test.texts);
  tenon::data::WordCounter counter;
  for (const auto& text : train) counter.add(text);
  const tenon::data::Vocabulary vocabulary(counter, {.max_size = words});
  const Index all = static_cast<Index>(train.size());
  const Index count = options.limit > 0 ? std::min(options.limit, all) : all;
  return {vocabulary, encoded(vocabulary, train, imdb.train.labels, count),
          encoded(vocabulary, test, imdb.test.labels, static_cast<Index>(test.size()))};
}

}  // namespace example
