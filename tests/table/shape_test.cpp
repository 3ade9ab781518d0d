#include "table.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

template <class T>
BasicTensor<T> sliced(BasicTensor<T> x, const Json& slices) {
  Index axis = 0;
  for (const auto& part : slices) {
    Slice slice{.step = part[2].get<Index>()};
    if (!part[0].is_null()) slice.start = part[0].get<Index>();
    if (!part[1].is_null()) slice.stop = part[1].get<Index>();
    x = x.slice(axis++, slice);
  }
  return x;
}

const Row shape_rows[] = {
    {"stack", [](auto& in, const Json& k) { return stack(parts_of(in), index_of(k, "dim")); }},
    {"flatten",
     [](auto& in, const Json& k) {
       return flatten(in["x"], index_of(k, "start"), index_of(k, "end"));
     }},
    {"narrow",
     [](auto& in, const Json& k) {
       return narrow(in["x"], index_of(k, "dim"), index_of(k, "start"), index_of(k, "length"));
     }},
    {"select",
     [](auto& in, const Json& k) {
       return select(in["x"], index_of(k, "dim"), index_of(k, "position"));
     }},
    {"index",
     [](auto& in, const Json& k) {
       if (k.contains("lists")) return index(in["x"], {in.ids("t"), in.ids("u")});
       if (k.contains("new")) return index(in["x"], {ellipsis, newaxis, Slice{.step = 2}});
       return index(in["x"], {1, all, Slice{.start = 1, .step = 2}});
     }},
    {"squeeze", [](auto& in, const Json& k) { return squeeze(in["x"], index_of(k, "dim")); }},
    {"unsqueeze", [](auto& in, const Json& k) { return unsqueeze(in["x"], index_of(k, "dim")); }},
    {"split",
     [](auto& in, const Json& k) {
       return joined(split(in["x"], index_of(k, "size"), index_of(k, "dim")));
     }},
    {"chunk",
     [](auto& in, const Json& k) {
       return joined(chunk(in["x"], index_of(k, "chunks"), index_of(k, "dim")));
     }},
    {"repeat", [](auto& in, const Json& k) { return repeat(in["x"], shape_of(k["counts"])); }},
    {"meshgrid",
     [](auto& in, const Json&) {
       return joined(meshgrid({in["a"], in["b"]}));
     }},
    {"cat", [](auto& in, const Json& k) { return cat(parts_of(in), index_of(k, "dim")); }},
    {"slice", [](auto& in, const Json& k) { return sliced(in["x"], k["slices"]); }},
    {"transpose",
     [](auto& in, const Json& k) {
       return transpose(in["x"], k["dims"][0].get<Index>(), k["dims"][1].get<Index>());
     }},
    {"permute", [](auto& in, const Json& k) { return permute(in["x"], shape_of(k["dims"])); }},
    {"expand", [](auto& in, const Json& k) { return expand(in["x"], shape_of(k["size"])); }},
    {"reshape", [](auto& in, const Json& k) { return reshape(in["x"], shape_of(k["size"])); }},
    {"tile", [](auto& in, const Json& k) { return tile(in["x"], shape_of(k["counts"])); }},
    {"repeat_interleave",
     [](auto& in, const Json& k) {
       return repeat_interleave(in["x"], index_of(k, "count"), index_of(k, "dim"));
     }},
    {"flip", [](auto& in, const Json& k) { return flip(in["x"], shape_of(k["dims"])); }},
    {"roll", [](auto& in,
                const Json& k) { return roll(in["x"], index_of(k, "shift"), index_of(k, "dim")); }},
    {"tril", [](auto& in, const Json& k) { return tril(in["x"], index_of(k, "diagonal")); }},
    {"triu", [](auto& in, const Json& k) { return triu(in["x"], index_of(k, "diagonal")); }},
};

const Row index_rows[] = {
    {"index_select",
     [](auto& in, const Json& k) {
       return index_select(in["x"], index_of(k, "dim"), in.ids("t"));
     }},
    {"take",
     [](auto& in, const Json& k) { return take(in["x"], in.ids("t"), index_of(k, "dim")); }},
    {"gather",
     [](auto& in, const Json& k) { return gather(in["x"], index_of(k, "dim"), in.ids("t")); }},
    {"scatter_add",
     [](auto& in, const Json& k) {
       return scatter_add(in["x"], index_of(k, "dim"), in.ids("t"), in["a"]);
     }},
    {"index_put",
     [](auto& in, const Json& k) {
       return index_put(in["x"], {in.ids("t"), in.ids("u")}, in["a"], k.contains("accumulate"));
     }},
    {"scatter",
     [](auto& in, const Json& k) {
       return scatter(in["x"], index_of(k, "dim"), in.ids("t"), in["a"]);
     }},
    {"masked_scatter",
     [](auto& in, const Json&) { return masked_scatter(in["x"], in.mask("t"), in["a"]); }},
    {"masked_select", [](auto& in, const Json&) { return masked_select(in["x"], in.mask("t")); }},
    {"sort",
     [](auto& in, const Json& k) { return sort(in["x"], index_of(k, "dim"), true).values; }},
    {"topk",
     [](auto& in, const Json& k) {
       return topk(in["x"], index_of(k, "k"), index_of(k, "dim")).values;
     }},
    {"cumsum", [](auto& in, const Json& k) { return cumsum(in["x"], index_of(k, "dim")); }},
    {"cumprod", [](auto& in, const Json& k) { return cumprod(in["x"], index_of(k, "dim")); }},
};

}  // namespace

TEST_CASE("Joining, slicing and turning agree with PyTorch", "[table]") { check_file("shaping"); }
TEST_CASE("Indexing, sorting and running sums agree with PyTorch", "[table]") {
  check_file("index");
}
TEST_CASE("Writing at positions agrees with PyTorch", "[table]") { check_file("index_put"); }
TEST_CASE("Views, parts and grids agree with PyTorch", "[table]") { check_file("shape_and_index"); }
