#pragma once

#include <cmath>
#include <vector>

/// Reverse-mode differentiation of single numbers, as short as it gets: formulas written in Scalar
/// have gradients that nobody had to derive.
namespace tenon::reference {

class Scalar {
 public:
  Scalar(double value = 0) : value_(value) {}
  /// An independent variable.
  static Scalar variable(double value) { return record(value, -1, 0, -1, 0); }

  double value() const { return value_; }
  int node() const { return node_; }

  friend Scalar operator+(Scalar a, Scalar b) {
    return record(a.value_ + b.value_, a.node_, 1, b.node_, 1);
  }
  friend Scalar operator-(Scalar a, Scalar b) {
    return record(a.value_ - b.value_, a.node_, 1, b.node_, -1);
  }
  friend Scalar operator*(Scalar a, Scalar b) {
    return record(a.value_ * b.value_, a.node_, b.value_, b.node_, a.value_);
  }
  friend Scalar tanh(Scalar a) {
    const double y = std::tanh(a.value_);
    return record(y, a.node_, 1 - y * y, -1, 0);
  }
  friend Scalar sigmoid(Scalar a) {
    const double y = 1 / (1 + std::exp(-a.value_));
    return record(y, a.node_, y * (1 - y), -1, 0);
  }
  friend Scalar relu(Scalar a) {
    return record(a.value_ > 0 ? a.value_ : 0, a.node_, a.value_ > 0 ? 1 : 0, -1, 0);
  }

  /// d y / d v for the variables v, and forgets everything recorded.
  class Gradients {
   public:
    explicit Gradients(Scalar y) : of_(nodes().size(), 0.0) {
      if (y.node_ >= 0) of_[static_cast<std::size_t>(y.node_)] = 1;
      for (std::size_t i = of_.size(); i-- > 0;) {
        const Node& node = nodes()[i];
        if (node.a >= 0) of_[static_cast<std::size_t>(node.a)] += of_[i] * node.da;
        if (node.b >= 0) of_[static_cast<std::size_t>(node.b)] += of_[i] * node.db;
      }
      nodes().clear();
    }
    double operator[](Scalar v) const { return of_[static_cast<std::size_t>(v.node_)]; }

   private:
    std::vector<double> of_;
  };

 private:
  struct Node {
    int a, b;
    double da, db;
  };
  static std::vector<Node>& nodes() {
    static std::vector<Node> all;
    return all;
  }
  static Scalar record(double value, int a, double da, int b, double db) {
    Scalar y(value);
    y.node_ = static_cast<int>(nodes().size());
    nodes().push_back({a, b, da, db});
    return y;
  }

  double value_;
  int node_ = -1;
};

}  // namespace tenon::reference
