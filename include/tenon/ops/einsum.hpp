#pragma once

#include <concepts>
#include <string_view>

#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// Sums of products, written with a letter for each axis:
///
///   einsum("ij,jk->ik", a, b)      the product of matrices
///   einsum("bij,bkj->bik", a, b)   the same in a batch, b transposed
///   einsum("i,j->ij", a, b)        the outer product
///   einsum("ii->", x)              the trace; einsum("ii->i", x) the diagonal
///   einsum("ij->ji", x)            the transpose; einsum("ij->j", x) the sums of columns
///
/// Letters that do not stand behind -> are summed over; a letter has one size wherever it stands;
/// one that stands twice in an operand means its diagonal. Without -> the result has the letters
/// that occur once, in alphabetical order. Blanks do not count. Two operands are multiplied by
/// matmul, of which the gradients of every order come. Throws ValueError for an equation that is
/// not one (there is no "..."), ShapeError where it does not fit the operands. As torch.einsum.
template <std::floating_point T>
TENON_API BasicTensor<T> einsum(std::string_view equation, const BasicTensor<T>& x);
template <std::floating_point T>
TENON_API BasicTensor<T> einsum(std::string_view equation, const BasicTensor<T>& a,
                                const BasicTensor<T>& b);

}  // namespace tenon
