// Reading, adding and writing at random positions of a matrix, and moving its rows and columns.

#include "function.hpp"
#include "tenon/ops/index.hpp"
#include "tenon/ops/index_put.hpp"
#include "tenon/ops/rearrange.hpp"

namespace tenon::bench {
namespace {

constexpr Index rows = 1024, columns = 1000, picked = 512;
const Shape shape{rows, columns};

LongTensor positions(Index below, const Shape& of) { return randint(0, below, of); }

const bool registered[] = {
    add_function("index_select", shape, picked* columns,
                 [](const Tensor& x) {
                   static const LongTensor at = positions(rows, {picked});
                   return index_select(x, 0, at);
                 }),
    add_function("index_select_columns", shape, rows* picked,
                 [](const Tensor& x) {
                   static const LongTensor at = positions(columns, {picked});
                   return index_select(x, 1, at);
                 }),
    add_function("gather", shape, rows* picked,
                 [](const Tensor& x) {
                   static const LongTensor at = positions(columns, {rows, picked});
                   return gather(x, 1, at);
                 }),
    add_function("scatter_add", shape, rows* columns,
                 [](const Tensor& x) {
                   static const LongTensor at = positions(columns, {rows, picked});
                   static const Tensor source = randn({rows, picked});
                   return scatter_add(x, 1, at, source);
                 }),
    add_function("index_put", shape, rows* columns,
                 [](const Tensor& x) {
                   static const LongTensor at = positions(rows, {picked});
                   static const Tensor source = randn({picked, columns});
                   return index_put(x, {at}, source);
                 }),
    add_function("masked_select", shape, rows* columns / 2,
                 [](const Tensor& x) {
                   static const BoolTensor mask = randint(0, 2, shape).to<bool>();
                   return masked_select(x, mask);
                 }),
    add_function("flip", shape, rows* columns, [](const Tensor& x) { return flip(x, {1}); }),
    add_function("roll", shape, rows* columns, [](const Tensor& x) { return roll(x, 3, 1); }),
    add_function("tril", shape, rows* columns, [](const Tensor& x) { return tril(x); })};

}  // namespace
}  // namespace tenon::bench
