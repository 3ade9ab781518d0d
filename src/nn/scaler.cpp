#include "tenon/nn/scaler.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "tenon/base/error.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::nn {

namespace {

Index checked_features(const char* name, Index num_features) {
  if (num_features < 1) {
    detail::fail<ValueError>(name, "num_features must be at least 1, not ", num_features,
                             "; hint: it is the number of columns, the size of the last axis");
  }
  return num_features;
}

template <class T>
void check_columns(const std::string& name, const BasicTensor<T>& x,
                   const BasicTensor<T>& of_layer) {
  if (!of_layer.defined()) {
    detail::fail<ValueError>(name,
                             "the scaler has no numbers, since it was moved from; hint: use "
                             "the one that it was moved to");
  }
  if (!x.defined()) {
    detail::fail<ValueError>(name,
                             "x is undefined; hint: a default-constructed tensor has no "
                             "values; make one with zeros(), tensor(), ...");
  }
  const Index columns = of_layer.size(0);
  if (x.rank() == 0 || x.size(-1) != columns) {
    detail::fail<ShapeError>(name, "the scaler was made for ", columns, " columns but x is ",
                             x.shape(), "; hint: num_features must be the size of the last axis");
  }
}

/// What is known of one column.
struct Column {
  double mean = 0, variance = 0;
  double min = std::numeric_limits<double>::infinity(), max = -min;
  Index count = 0;
};

/// Of x[i], x[i + step], ..., without NaN; in two passes, so that values far from 0 lose nothing.
template <class T>
Column summary(const T* x, Index rows, Index step) {
  Column column;
  const auto for_each = [&](const auto& f) {
    for (Index i = 0; i < rows; ++i) {
      const auto value = static_cast<double>(x[i * step]);
      if (!std::isnan(value)) f(value);
    }
  };
  double sum = 0;
  for_each([&](double value) {
    ++column.count;
    sum += value;
    column.min = std::min(column.min, value);
    column.max = std::max(column.max, value);
  });
  const auto n = static_cast<double>(std::max(column.count, Index{1}));
  column.mean = sum / n;
  double squares = 0;
  for_each([&](double value) { squares += (value - column.mean) * (value - column.mean); });
  column.variance = squares / n;
  return column;
}

/// Calls f(i, column) for each column of x.
template <class T, class F>
void for_each_column(const std::string& name, const BasicTensor<T>& x, const F& f) {
  const BasicTensor<T> rows = x.detach().contiguous();
  const Index columns = rows.size(-1), count = rows.numel() / columns;
  for (Index i = 0; i < columns; ++i) {
    const Column column = summary(std::as_const(rows).data() + i, count, columns);
    if (column.count == 0 || std::isinf(column.min) || std::isinf(column.max)) {
      detail::fail<ValueError>(name, "column ", i, " of x ", x.shape(),
                               column.count == 0 ? " holds no number" : " holds an infinite value",
                               "; hint: leave the column out, or replace the values before fit()");
    }
    f(i, column);
  }
}

/// Whether all values are equal but for rounding. Source: scikit-learn's _is_constant_feature.
bool is_constant(const Column& column) {
  constexpr double eps = std::numeric_limits<double>::epsilon();
  const double n = static_cast<double>(column.count), drift = n * column.mean * eps;
  return column.variance <= n * eps * column.variance + drift * drift;
}

/// size, or 1 where there is nothing to divide by: kernels take denormals for 0.
template <class T>
T divisor(double size) {
  const auto value = static_cast<T>(size);
  return value < std::numeric_limits<T>::min() ? T{1} : value;
}

}  // namespace

template <class T>
BasicStandardScaler<T>::BasicStandardScaler(Index num_features)
    : mean(zeros<T>({checked_features("StandardScaler", num_features)})),
      scale(ones<T>({num_features})) {}

template <class T>
BasicStandardScaler<T>& BasicStandardScaler<T>::fit(const BasicTensor<T>& x) & {
  check_columns<T>("StandardScaler.fit", x, mean);
  auto new_mean = BasicTensor<T>::empty(mean.shape()), new_scale = new_mean.clone();
  for_each_column("StandardScaler.fit", x, [&](Index i, const Column& column) {
    new_mean(i) = static_cast<T>(column.mean);
    new_scale(i) = is_constant(column) ? T{1} : divisor<T>(std::sqrt(column.variance));
  });
  mean = new_mean;
  scale = new_scale;
  return *this;
}

template <class T>
BasicTensor<T> BasicStandardScaler<T>::forward(const BasicTensor<T>& x) {
  check_columns<T>(this->name(), x, mean);
  return (x - mean) / scale;
}

template <class T>
BasicTensor<T> BasicStandardScaler<T>::inverse_transform(const BasicTensor<T>& y) const {
  check_columns<T>("StandardScaler.inverse_transform", y, mean);
  return y * scale + mean;
}

template <class T>
void BasicStandardScaler<T>::visit(BasicVisitor<T>& v) {
  v.buffer("mean", mean);
  v.buffer("scale", scale);
}

template <class T>
std::string BasicStandardScaler<T>::description() const {
  return this->name() + "(" + detail::to_text(mean.defined() ? mean.size(0) : 0) + ")";
}

template <class T>
BasicMinMaxScaler<T>::BasicMinMaxScaler(Index num_features, const MinMaxScalerOptions& options)
    : data_min(zeros<T>({checked_features("MinMaxScaler", num_features)})),
      data_range(ones<T>({num_features})),
      options_(options) {
  if (options.min < options.max) return;
  detail::fail<ValueError>("MinMaxScaler", "min is ", options.min, " and max is ", options.max,
                           "; hint: max must be larger, such as {.min = -1, .max = 1}");
}

template <class T>
BasicMinMaxScaler<T>& BasicMinMaxScaler<T>::fit(const BasicTensor<T>& x) & {
  check_columns<T>("MinMaxScaler.fit", x, data_min);
  auto new_min = BasicTensor<T>::empty(data_min.shape()), new_range = new_min.clone();
  for_each_column("MinMaxScaler.fit", x, [&](Index i, const Column& column) {
    new_min(i) = static_cast<T>(column.min);
    new_range(i) = divisor<T>(column.max - column.min);
  });
  data_min = new_min;
  data_range = new_range;
  return *this;
}

template <class T>
BasicTensor<T> BasicMinMaxScaler<T>::forward(const BasicTensor<T>& x) {
  check_columns<T>(this->name(), x, data_min);
  const auto y = (x - data_min) / data_range;
  if (options_.min == 0 && options_.max == 1) return y;
  return y * static_cast<T>(options_.max - options_.min) + static_cast<T>(options_.min);
}

template <class T>
BasicTensor<T> BasicMinMaxScaler<T>::inverse_transform(const BasicTensor<T>& y) const {
  check_columns<T>("MinMaxScaler.inverse_transform", y, data_min);
  const auto share =
      (y - static_cast<T>(options_.min)) / static_cast<T>(options_.max - options_.min);
  return share * data_range + data_min;
}

template <class T>
void BasicMinMaxScaler<T>::visit(BasicVisitor<T>& v) {
  v.buffer("data_min", data_min);
  v.buffer("data_range", data_range);
}

template <class T>
std::string BasicMinMaxScaler<T>::description() const {
  std::string text =
      this->name() + "(" + detail::to_text(data_min.defined() ? data_min.size(0) : 0);
  if (options_.min != 0 || options_.max != 1) {
    text += ", " + detail::to_text(options_.min) + " to " + detail::to_text(options_.max);
  }
  return text + ")";
}

template class BasicStandardScaler<float>;
template class BasicStandardScaler<double>;
template class BasicMinMaxScaler<float>;
template class BasicMinMaxScaler<double>;

}  // namespace tenon::nn
