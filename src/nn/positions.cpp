#include "tenon/nn/positions.hpp"

#include "tenon/base/error.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/positions.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::nn {
namespace {

void check_sizes(const char* op, Index max_length, Index embedding_dim) {
  if (max_length >= 1 && embedding_dim >= 1) return;
  detail::fail<ValueError>(op, "max_length and embedding_dim must be at least 1, not ", max_length,
                           " and ", embedding_dim, "; hint: nn::", op,
                           "(longest sequence, size of the model)");
}

/// x + the rows of the table from offset on.
template <class T>
BasicTensor<T> added(const char* op, const BasicTensor<T>& table, const BasicTensor<T>& x,
                     Index offset) {
  if (!x.defined()) detail::fail<ValueError>(op, "x is undefined");
  const Index max_length = table.size(0), features = table.size(1);
  if (x.rank() < 2 || x.size(-1) != features) {
    detail::fail<ShapeError>(op, "x must have shape (..., L, E=", features, ") but has ", x.shape(),
                             "; hint: positions are added behind the embedding, to the vectors of "
                             "the steps");
  }
  const Index length = x.size(-2);
  if (offset < 0 || length > max_length - offset) {
    detail::fail<IndexError>(
        op, "positions ", offset, " to ", offset + length - 1,
        " are asked for but there are only 0 to ", max_length - 1,
        "; hint: cut the sequences, or make the layer with a larger max_length");
  }
  return x + table.narrow(0, offset, length);
}

template <class T>
std::string described(const std::string& name, const BasicTensor<T>& table) {
  if (!table.defined()) return name + "(moved from)";
  return name + "(" + std::to_string(table.size(0)) + ", " + std::to_string(table.size(1)) + ")";
}

}  // namespace

template <class T>
BasicSinusoidalPositions<T>::BasicSinusoidalPositions(Index max_length, Index embedding_dim) {
  check_sizes("SinusoidalPositions", max_length, embedding_dim);
  table_ = sinusoidal_positions<T>(max_length, embedding_dim);
}

template <class T>
BasicTensor<T> BasicSinusoidalPositions<T>::operator()(const BasicTensor<T>& x,
                                                       Index offset) const {
  return added("SinusoidalPositions", table_, x, offset);
}

template <class T>
BasicTensor<T> BasicSinusoidalPositions<T>::forward(const BasicTensor<T>& x) {
  return added("SinusoidalPositions", table_, x, 0);
}

template <class T>
std::string BasicSinusoidalPositions<T>::description() const {
  return described(this->name(), table_);
}

template <class T>
BasicLearnedPositions<T>::BasicLearnedPositions(Index max_length, Index embedding_dim) {
  check_sizes("LearnedPositions", max_length, embedding_dim);
  weight = normal<T>({max_length, embedding_dim});
}

template <class T>
BasicTensor<T> BasicLearnedPositions<T>::operator()(const BasicTensor<T>& x, Index offset) const {
  return added<T>("LearnedPositions", weight, x, offset);
}

template <class T>
BasicTensor<T> BasicLearnedPositions<T>::forward(const BasicTensor<T>& x) {
  return added<T>("LearnedPositions", weight, x, 0);
}

template <class T>
void BasicLearnedPositions<T>::visit(BasicVisitor<T>& v) {
  v("weight", weight);
}

template <class T>
std::string BasicLearnedPositions<T>::description() const {
  return described<T>(this->name(), weight);
}

template class BasicSinusoidalPositions<float>;
template class BasicSinusoidalPositions<double>;
template class BasicLearnedPositions<float>;
template class BasicLearnedPositions<double>;

}  // namespace tenon::nn
