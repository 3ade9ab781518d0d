// Rows of a thousand numbers, reduced, summed up or sorted.

#include "function.hpp"
#include "tenon/ops/min.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/ops/reductions.hpp"
#include "tenon/ops/scan.hpp"
#include "tenon/ops/sort.hpp"

namespace tenon::bench {
namespace {

constexpr Index rows = 1024, columns = 1000;
const Shape shape{rows, columns};

const bool registered[] = {
    add_function("sum", shape, rows, [](const Tensor& x) { return sum(x, 1); }),
    add_function("sum_columns", shape, columns, [](const Tensor& x) { return sum(x, 0); }),
    add_function("min", shape, rows, [](const Tensor& x) { return min(x, 1).values; }),
    add_function("var", shape, rows, [](const Tensor& x) { return var(x, 1); }),
    add_function("var_columns", shape, columns, [](const Tensor& x) { return var(x, 0); }),
    add_function("norm", shape, rows, [](const Tensor& x) { return norm(x, 2, 1); }),
    add_function("logsumexp", shape, rows, [](const Tensor& x) { return logsumexp(x, 1); }),
    add_function("prod", shape, rows, [](const Tensor& x) { return prod(x, 1); }),
    add_function("cumsum", shape, rows* columns, [](const Tensor& x) { return cumsum(x, 1); }),
    add_function("cumsum_columns", shape, rows* columns,
                 [](const Tensor& x) { return cumsum(x, 0); }),
    add_function("cumprod", shape, rows* columns, [](const Tensor& x) { return cumprod(x, 1); }),
    add_function("sort", shape, rows* columns, [](const Tensor& x) { return sort(x, 1).values; }),
    add_function("topk", shape, rows * 10, [](const Tensor& x) { return topk(x, 10, 1).values; })};

}  // namespace
}  // namespace tenon::bench
