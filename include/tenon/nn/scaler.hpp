#pragma once

#include <string>
#include <utility>

#include "tenon/nn/buffer.hpp"
#include "tenon/nn/module.hpp"

namespace tenon::nn {

// Scalers bring the columns of a table to like sizes. They are layers, so that a net that begins
// with one takes raw values, and no user of a saved net can forget it:
//
//   nn::Sequential net{nn::StandardScaler(30).fit(x),  // x: of the training part alone
//                      nn::Linear(30, 64), nn::ReLU(), nn::Linear(64, 1)};
//
// Their numbers are buffers: saved and loaded with the net, not trained. fit() takes tables (N, D)
// and longer stacks of rows (..., D); NaN counts for nothing there, and stays NaN in the result.

/// Mean 0 and standard deviation 1 for each column.
///   y = (x - mean) / scale,   scale = sqrt(sum_n (x[n] - mean)^2 / N), or 1 for a constant column
/// As sklearn.preprocessing.StandardScaler; before fit() y = x.
template <class T>
class TENON_API BasicStandardScaler : public BasicModule<T> {
 public:
  /// num_features: D >= 1. Throws ValueError.
  explicit BasicStandardScaler(Index num_features);

  /// Takes mean and scale from the rows of x (..., D). Throws ShapeError for another D, ValueError
  /// for a column without a number or with an infinite one.
  BasicStandardScaler& fit(const BasicTensor<T>& x) &;
  BasicStandardScaler&& fit(const BasicTensor<T>& x) && { return std::move(fit(x)); }
  /// x (..., D). Throws ShapeError.
  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  /// The same under scikit-learn's name.
  BasicTensor<T> transform(const BasicTensor<T>& x) { return (*this)(x); }
  /// x = y scale + mean. Throws ShapeError.
  BasicTensor<T> inverse_transform(const BasicTensor<T>& y) const;

  void visit(BasicVisitor<T>& v) override;
  std::string description() const override;

  BasicBuffer<T> mean;   ///< (D)
  BasicBuffer<T> scale;  ///< (D)
};

struct MinMaxScalerOptions {
  double min = 0;  ///< what the least value of a column becomes
  double max = 1;  ///< what the greatest one becomes, > min
};

/// The same range for each column.
///   y = min + (max - min) (x - data_min) / data_range,   data_range = data_max - data_min, or 1
///   for a constant column
/// As sklearn.preprocessing.MinMaxScaler; before fit() data_min is 0 and data_range 1. Values
/// outside of what fit() saw lie outside of the range.
template <class T>
class TENON_API BasicMinMaxScaler : public BasicModule<T> {
 public:
  /// num_features: D >= 1. Throws ValueError.
  explicit BasicMinMaxScaler(Index num_features, const MinMaxScalerOptions& options = {});

  /// Takes the least and the greatest value of each column of x (..., D). Throws ShapeError for
  /// another D, ValueError for a column without a number or with an infinite one.
  BasicMinMaxScaler& fit(const BasicTensor<T>& x) &;
  BasicMinMaxScaler&& fit(const BasicTensor<T>& x) && { return std::move(fit(x)); }
  /// x (..., D). Throws ShapeError.
  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  /// The same under scikit-learn's name.
  BasicTensor<T> transform(const BasicTensor<T>& x) { return (*this)(x); }
  /// x = data_min + data_range (y - min) / (max - min). Throws ShapeError.
  BasicTensor<T> inverse_transform(const BasicTensor<T>& y) const;

  void visit(BasicVisitor<T>& v) override;
  std::string description() const override;

  BasicBuffer<T> data_min;    ///< (D)
  BasicBuffer<T> data_range;  ///< (D)

 private:
  MinMaxScalerOptions options_;
};

extern template class BasicStandardScaler<float>;
extern template class BasicStandardScaler<double>;
extern template class BasicMinMaxScaler<float>;
extern template class BasicMinMaxScaler<double>;

using StandardScaler = BasicStandardScaler<float>;
using MinMaxScaler = BasicMinMaxScaler<float>;

}  // namespace tenon::nn
