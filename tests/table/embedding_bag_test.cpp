#include "table.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

BagMode mode_of(const Json& k) {
  return k["mode"] == "sum" ? BagMode::sum : k["mode"] == "mean" ? BagMode::mean : BagMode::max;
}

const Row row{"embedding_bag", [](auto& in, const Json& k) {
                BasicEmbeddingBagOptions<TypeOf<decltype(in)>> options{
                    .mode = mode_of(k), .per_sample_weights = in["v"]};
                if (k.contains("padding_idx")) options.padding_idx = index_of(k, "padding_idx");
                const auto offsets = in.integers.count("o") == 0 ? LongTensor() : in.ids("o");
                return embedding_bag(in.ids("t"), in["w"], offsets, options);
              }};

}  // namespace

TEST_CASE("embedding_bag agrees with PyTorch", "[table]") { check_file("embedding_bag"); }
