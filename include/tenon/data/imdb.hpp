#pragma once

#include <string>
#include <vector>

#include "tenon/tensor/tensor.hpp"

namespace tenon::data {

/// Reviews and what their writers thought of the film.
struct Reviews {
  std::vector<std::string> texts;  ///< UTF-8
  LongTensor labels;               ///< (N): 1 liked it, 0 did not
};

/// The two parts of the Large Movie Review Dataset.
struct Imdb {
  Reviews train;  ///< 25,000
  Reviews test;   ///< 25,000
};

/// Reads aclImdb/{train,test}/{neg,pos}/<number>_<rating>.txt below folder, or where folder is
/// aclImdb itself. Reviews stand in the order of their numbers, the bad one of a number before the
/// good one, whatever the file system says, so that the first N are half good and half bad. HTML
/// line breaks (<br />) become blanks. Takes seconds. scripts/download_data.sh fetches the files.
/// Throws IoError for a folder or number that is missing, a name that says something else, a rating
/// in the wrong folder, and a file that is empty or not UTF-8.
/// Source: Maas et al., "Learning word vectors for sentiment analysis", ACL 2011.
TENON_API Imdb load_imdb(const std::string& folder);

}  // namespace tenon::data
