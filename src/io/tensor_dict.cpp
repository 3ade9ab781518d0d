#include "tenon/io/tensor_dict.hpp"

#include <algorithm>
#include <numeric>

#include "io/file.hpp"

namespace tenon::io {

namespace {

/// How many characters must be changed, added or dropped to turn a into b (Levenshtein, 1965).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({change, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

TensorDict::TensorDict(std::initializer_list<TensorEntry> entries) {
  for (const TensorEntry& entry : entries) add(entry.name, entry.tensor);
}

void TensorDict::add(std::string name, AnyTensor tensor) {
  if (!tensor.defined()) {
    detail::fail<ValueError>("TensorDict::add", "the tensor ", detail::in_quotes(name),
                             " is undefined; hint: it was default-constructed or moved from");
  }
  if (!positions_.emplace(name, entries_.size()).second) {
    detail::fail<ValueError>("TensorDict::add", "the name ", detail::in_quotes(name),
                             " is taken; hint: every tensor needs a name of its own");
  }
  entries_.push_back({std::move(name), std::move(tensor)});
}

const AnyTensor& TensorDict::operator[](std::string_view name) const {
  if (const auto found = positions_.find(name); found != positions_.end()) {
    return entries_[found->second].tensor;
  }
  if (entries_.empty()) {
    detail::fail<IndexError>("TensorDict", "there is no tensor ", detail::in_quotes(name),
                             ": the dictionary is empty");
  }
  const auto closest = std::min_element(
      entries_.begin(), entries_.end(), [name](const TensorEntry& a, const TensorEntry& b) {
        return edit_distance(name, a.name) < edit_distance(name, b.name);
      });
  detail::fail<IndexError>("TensorDict", "there is no tensor ", detail::in_quotes(name),
                           " among the ", entries_.size(), "; hint: the closest name is ",
                           detail::in_quotes(closest->name));
}

void TensorDict::fail_type(std::string_view name, DType wanted) const {
  detail::fail<TypeError>("TensorDict::get", detail::in_quotes(name), " holds ",
                          to_string((*this)[name].dtype()), ", not ", to_string(wanted),
                          "; hint: get it as ", to_string((*this)[name].dtype()),
                          " and convert with to<>()");
}

}  // namespace tenon::io
