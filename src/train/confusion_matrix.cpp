#include "tenon/train/confusion_matrix.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <ostream>

#include "train/decisions.hpp"
#include "train/metric_state.hpp"

namespace tenon {
namespace {

std::size_t checked_size(Index classes) {
  if (classes < 2) {
    detail::fail<ValueError>("ConfusionMatrix", "classes must be at least 2 but is ", classes,
                             "; hint: yes or no are two classes");
  }
  return static_cast<std::size_t>(classes * (classes + 1));
}

using Row = std::vector<std::string>;

/// Columns flush right, two blanks between them.
std::string aligned(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows[0].size());
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text.append(widths[i] - row[i].size() + (i == 0 ? 0 : 2), ' ').append(row[i]);
    }
    text += '\n';
  }
  return text;
}

}  // namespace

ConfusionMatrix::ConfusionMatrix(Index classes, const DecisionOptions& options)
    : classes_(classes), options_(options), counts_(checked_size(classes)) {}

void ConfusionMatrix::reset() { std::fill(counts_.begin(), counts_.end(), 0); }

template <std::floating_point T>
void ConfusionMatrix::update(const BasicTensor<T>& prediction, const LongTensor& target) {
  add(detail::decide("ConfusionMatrix", prediction, target, options_));
}

template <std::floating_point T>
void ConfusionMatrix::update(const BasicTensor<T>& prediction, const BasicTensor<T>& target) {
  add(detail::decide("ConfusionMatrix", prediction, target, options_));
}

void ConfusionMatrix::add(const detail::Decisions& decisions) {
  if (decisions.classes != classes_) {
    detail::fail<ValueError>("ConfusionMatrix", "the prediction has C=", decisions.classes,
                             " classes but the matrix was made for ", classes_,
                             "; hint: ConfusionMatrix(", decisions.classes, ")");
  }
  decisions.each([this](Index truth, Index predicted) {
    const Index column = predicted == detail::Decisions::none ? classes_ : predicted;
    ++counts_[static_cast<std::size_t>(truth * (classes_ + 1) + column)];
  });
}

Index ConfusionMatrix::count(Index truth, Index predicted) const {
  return counts_[static_cast<std::size_t>(truth * (classes_ + 1) + predicted)];
}

double ConfusionMatrix::result() const {
  Index hits = 0, samples = 0;
  for (Index i = 0; i < classes_; ++i) {
    hits += count(i, i);
    for (Index j = 0; j <= classes_; ++j) samples += count(i, j);
  }
  return samples == 0 ? std::numeric_limits<double>::quiet_NaN()
                      : static_cast<double>(hits) / static_cast<double>(samples);
}

LongTensor ConfusionMatrix::matrix() const {
  auto matrix = LongTensor::empty({classes_, classes_});
  Index* out = matrix.data();
  for (Index i = 0; i < classes_; ++i) {
    for (Index j = 0; j < classes_; ++j) *out++ = count(i, j);
  }
  return matrix;
}

LongTensor ConfusionMatrix::unpredicted() const {
  auto counts = LongTensor::empty({classes_});
  for (Index i = 0; i < classes_; ++i) counts.data()[i] = count(i, classes_);
  return counts;
}

std::vector<double> ConfusionMatrix::state() const {
  return std::vector<double>(counts_.begin(), counts_.end());
}

void ConfusionMatrix::load_state(const std::vector<double>& state) {
  detail::check_state_size("ConfusionMatrix", state, counts_.size());
  std::vector<Index> loaded(state.size());
  for (std::size_t i = 0; i < state.size(); ++i) {
    loaded[i] = detail::state_count("ConfusionMatrix", state, i);
  }
  counts_ = std::move(loaded);
}

std::string to_string(const ConfusionMatrix& confusion, const std::vector<std::string>& names) {
  const Index classes = confusion.classes();
  if (!names.empty() && static_cast<Index>(names.size()) != classes) {
    detail::fail<ValueError>("ConfusionMatrix", names.size(), " names for ", classes,
                             " classes; hint: one name a class, or none");
  }
  const auto name = [&](Index i) {
    return names.empty() ? std::to_string(i) : names[static_cast<std::size_t>(i)];
  };
  const LongTensor matrix = confusion.matrix(), unpredicted = confusion.unpredicted();
  const bool has_unpredicted = std::any_of(unpredicted.data(), unpredicted.data() + classes,
                                           [](Index count) { return count > 0; });
  std::vector<Row> rows{{"true \\ predicted"}};
  for (Index i = 0; i < classes; ++i) rows[0].push_back(name(i));
  if (has_unpredicted) rows[0].push_back("NaN");
  for (Index i = 0; i < classes; ++i) {
    Row row{name(i)};
    for (Index j = 0; j < classes; ++j) row.push_back(std::to_string(matrix(i, j)));
    if (has_unpredicted) row.push_back(std::to_string(unpredicted(i)));
    rows.push_back(std::move(row));
  }
  return aligned(rows);
}

std::ostream& operator<<(std::ostream& out, const ConfusionMatrix& matrix) {
  return out << to_string(matrix);
}

#define TENON_INSTANTIATE(T)                                                                 \
  template TENON_API void ConfusionMatrix::update(const BasicTensor<T>&, const LongTensor&); \
  template TENON_API void ConfusionMatrix::update(const BasicTensor<T>&, const BasicTensor<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
