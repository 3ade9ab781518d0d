#pragma once

// The IMDB reviews as ids of words, or of characters.

#include <tenon/tenon.hpp>
#include <vector>

#include "example.hpp"

namespace example {

/// One part of the reviews: a list of ids for each, beginning with data::Vocabulary::start, and
/// labels (N): 1 liked the film, 0 did not.
struct ReviewIds {
  std::vector<std::vector<Index>> ids;
  tenon::LongTensor labels;
};

struct Reviews {
  tenon::data::Vocabulary vocabulary;  ///< the most frequent words of the training part
  ReviewIds train, test;
};

/// Reads the reviews from --data; words: ids in all. Only the first --limit reviews of the training
/// part are kept, but the vocabulary is that of all.
Reviews load_reviews(const Options& options, Index words);

/// A text as ids of its bytes, of which there are 256: DIR/text.txt if --data DIR has it, else the
/// training part of the reviews one after another. Only the first --limit bytes are kept.
tenon::LongTensor load_characters(const Options& options);

}  // namespace example
