#include "reviews.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

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

tenon::LongTensor load_characters(const Options& options) {
  const std::string folder = data_folder(options), path = folder + "/text.txt";
  std::string text;
  if (std::filesystem::exists(path)) {
    std::ifstream file(path, std::ios::binary);
    text.assign(std::istreambuf_iterator<char>(file), {});
  } else {
    for (const auto& review : tenon::data::load_imdb(folder).train.texts) text += review + "\n\n";
  }
  const std::size_t limit = static_cast<std::size_t>(options.limit);
  if (limit > 0 && text.size() > limit) text.resize(limit);
  auto ids = tenon::LongTensor::empty({static_cast<Index>(text.size())});
  std::transform(text.begin(), text.end(), ids.data(),
                 [](char c) { return static_cast<unsigned char>(c); });
  return ids;
}

}  // namespace example
