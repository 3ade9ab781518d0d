#include "tenon/ops/einsum.hpp"

#include <string>

#include "tenon/base/error.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/ops/reduce.hpp"
#include "tensor/checks.hpp"

namespace tenon {
namespace {

[[noreturn]] void fail_equation(std::string_view equation, const std::string& what,
                                const char* hint) {
  detail::fail<ValueError>("einsum", "\"", equation, "\" ", what, "; hint: ", hint);
}

std::string quoted(char letter) { return std::string("'") + letter + "'"; }
bool has(const std::string& letters, char letter) {
  return letters.find(letter) != std::string::npos;
}
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// The letters of the operands and of the result.
struct Equation {
  std::string_view text;
  std::string operands[2], result;

  Equation(std::string_view equation, int count) : text(equation) {
    const std::size_t arrow = equation.find("->");
    const bool is_explicit = arrow != std::string_view::npos;
    int at = 0;
    for (const char c : equation.substr(0, arrow)) {
      if (c == ',') {
        if (++at == count) break;
      } else {
        append(operands[at], c);
      }
    }
    if (at != count - 1) {
      fail_equation(equation,
                    "does not name as many operands as there are, " + std::to_string(count),
                    "a comma stands between two operands, and one or two are possible");
    }
    if (is_explicit) {
      for (const char c : equation.substr(arrow + 2)) append(result, c);
      check_result();
    } else {
      const std::string all = operands[0] + operands[1];
      for (const char* range : {"AZ", "az"}) {
        for (char c = range[0]; c <= range[1]; ++c) {
          if (has(all, c) && all.find(c) == all.rfind(c)) result += c;
        }
      }
    }
  }

 private:
  void append(std::string& letters, char c) const {
    if (c == ' ') return;
    if (!is_letter(c)) {
      fail_equation(text, "contains " + quoted(c),
                    "an axis is a letter, as in \"ij,jk->ik\"; name all axes, there is no ...");
    }
    letters += c;
  }
  void check_result() const {
    for (const char c : result) {
      if (result.find(c) != result.rfind(c)) {
        fail_equation(text, "has " + quoted(c) + " twice in its result",
                      "a letter behind -> names one axis");
      }
      if (!has(operands[0] + operands[1], c)) {
        fail_equation(text, "has " + quoted(c) + " in its result but in no operand",
                      "unsqueeze() and expand() make new axes");
      }
    }
  }
};

/// A tensor and a letter for each of its axes.
template <class T>
struct Lettered {
  BasicTensor<T> x;
  std::string letters;

  Index size(char letter) const { return x.size(static_cast<Index>(letters.find(letter))); }

  /// The axes in the order of these letters.
  BasicTensor<T> in_order(const std::string& order) const {
    Shape axes;
    for (const char c : order) axes.push_back(static_cast<Index>(letters.find(c)));
    return x.permute(axes);
  }
  void sum_out(const std::string& kept) {
    Shape axes;
    std::string left;
    for (std::size_t i = 0; i < letters.size(); ++i) {
      if (has(kept, letters[i])) {
        left += letters[i];
      } else {
        axes.push_back(static_cast<Index>(i));
      }
    }
    if (!axes.empty()) x = sum(x, axes);
    letters = left;
  }
};

/// The diagonal of axes i < j in the place of axis i.
template <class T>
BasicTensor<T> diagonal(const BasicTensor<T>& x, Index i, Index j) {
  Shape order;
  for (Index k = 0; k < x.rank(); ++k) {
    if (k == j) continue;
    order.push_back(k);
    if (k == i) order.push_back(j);
  }
  const Index n = x.shape()[i];
  return x.permute(order).flatten(i, i + 1).slice(i, Slice{.step = n + 1});
}

/// An operand with its repeated letters made one; the sizes that its letters have are checked.
template <class T>
Lettered<T> operand(const Equation& equation, int k, const BasicTensor<T>& x_any) {
  Lettered<T> result{x_any, equation.operands[k]};
  const Shape& shape = detail::defined("einsum", x_any.impl()).shape;
  if (shape.rank() != static_cast<int>(result.letters.size())) {
    detail::fail<ShapeError>("einsum", "operand ", k, " of \"", equation.text, "\" has shape ",
                             shape, " but the letters ", result.letters,
                             "; hint: a letter for each axis");
  }
  for (std::size_t j = 0; j < result.letters.size(); ++j) {
    const std::size_t i = result.letters.find(result.letters[j]);
    if (i == j) continue;
    const Index a = result.x.shape()[static_cast<Index>(i)];
    const Index b = result.x.shape()[static_cast<Index>(j)];
    if (a != b) {
      detail::fail<ShapeError>("einsum", "the letter ", quoted(result.letters[j]), " of \"",
                               equation.text, "\" has the sizes ", a, " and ", b, " in operand ", k,
                               "; hint: a diagonal has axes of one size");
    }
    result.x = diagonal(result.x, static_cast<Index>(i), static_cast<Index>(j));
    result.letters.erase(j--, 1);
  }
  return result;
}

/// The letters of one operand that the other has or has not, and the result has or has not.
std::string chosen(const std::string& letters, const std::string& other, bool in_other,
                   const std::string& result, bool in_result) {
  std::string found;
  for (const char c : letters) {
    if (has(other, c) == in_other && has(result, c) == in_result) found += c;
  }
  return found;
}

template <class T>
void check_sizes(const Equation& equation, const Lettered<T>& a, const Lettered<T>& b) {
  for (const char c : a.letters) {
    if (!has(b.letters, c) || a.size(c) == b.size(c)) continue;
    detail::fail<ShapeError>("einsum", "the letter ", quoted(c), " of \"", equation.text,
                             "\" has size ", a.size(c), " in operand 0 and ", b.size(c),
                             " in operand 1; hint: a letter has one size wherever it stands");
  }
}

}  // namespace

template <std::floating_point T>
BasicTensor<T> einsum(std::string_view text, const BasicTensor<T>& x_any) {
  const Equation equation(text, 1);
  Lettered<T> x = operand(equation, 0, x_any);
  x.sum_out(equation.result);
  return x.in_order(equation.result);
}

template <std::floating_point T>
BasicTensor<T> einsum(std::string_view text, const BasicTensor<T>& a_any,
                      const BasicTensor<T>& b_any) {
  const Equation equation(text, 2);
  Lettered<T> a = operand(equation, 0, a_any), b = operand(equation, 1, b_any);
  check_sizes(equation, a, b);
  // What one operand alone has and the result has not can be summed over before the product.
  a.sum_out(b.letters + equation.result);
  b.sum_out(a.letters + equation.result);
  const std::string batch = chosen(a.letters, b.letters, true, equation.result, true);
  const std::string inner = chosen(a.letters, b.letters, true, equation.result, false);
  const std::string rows = chosen(a.letters, b.letters, false, equation.result, true);
  const std::string columns = chosen(b.letters, a.letters, false, equation.result, true);
  Shape shape;
  Index batches = 1, terms = 1, m = 1, n = 1;
  for (const char c : batch) shape.push_back(a.size(c)), batches *= a.size(c);
  for (const char c : rows) shape.push_back(a.size(c)), m *= a.size(c);
  for (const char c : columns) shape.push_back(b.size(c)), n *= b.size(c);
  for (const char c : inner) terms *= a.size(c);
  const auto left = a.in_order(batch + rows + inner).reshape({batches, m, terms});
  const auto right = b.in_order(batch + inner + columns).reshape({batches, terms, n});
  // A column by a row is no sum: elementwise products are quicker than tiny ones of matrices.
  const auto product = inner.empty() ? left * right : matmul(left, right);
  const Lettered<T> y{product.reshape(shape), batch + rows + columns};
  return y.in_order(equation.result);
}

#define TENON_INSTANTIATE(T)                                                         \
  template TENON_API BasicTensor<T> einsum(std::string_view, const BasicTensor<T>&); \
  template TENON_API BasicTensor<T> einsum(std::string_view, const BasicTensor<T>&,  \
                                           const BasicTensor<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
