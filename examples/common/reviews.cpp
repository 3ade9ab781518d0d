#include "reviews.hpp"

#include "samples.hpp"

namespace example {

Reviews load_reviews(const Options& options, Index words) {
  const auto imdb = tenon::data::load_imdb(data_folder(options));
  const tenon::data::Tokenizer tokenizer;
  tenon::data::WordCounter counter;
  for (const auto& text : imdb.train.texts) counter.add(tokenizer(text));
  const tenon::data::Vocabulary vocabulary(counter, {.max_size = words});

  const auto encoded = [&](const tenon::data::Reviews& reviews, Index limit) {
    const Index all = static_cast<Index>(reviews.texts.size());
    const Index count = limit > 0 ? std::min(limit, all) : all;
    ReviewIds part{{}, reviews.labels.narrow(0, 0, count)};
    for (const auto& text : reviews.texts) {
      if (static_cast<Index>(part.ids.size()) == count) break;
      part.ids.push_back(vocabulary.encode(tokenizer(text), true));
    }
    return part;
  };
  return {vocabulary, encoded(imdb.train, options.limit), encoded(imdb.test, 0)};
}

}  // namespace example
