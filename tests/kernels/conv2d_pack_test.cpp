#include "conv2d_support.hpp"

// Weights that are prepared once: the same bits as without, whatever they were prepared for.

using namespace tenon;
using namespace tenon::test;

namespace {

/// Every way in which a convolution is computed, with units of one image and of several.
std::vector<kernels::Conv2dDims> cases() {
  return {
      conv(3, 20, 11, 13, 40, 3, 3, {1, 1, 1, 1}),           // Winograd's transforms
      conv(1, 32, 13, 13, 64, 3, 3),                         //
      conv(2, 64, 5, 5, 64, 3, 3),                           // small images, padded by more
      conv(2, 17, 9, 12, 33, 5, 3, {2, 1, 2, 0}),            // by output channels
      conv(1, 40, 3, 3, 70, 3, 3),                           // one output
      conv(2, 130, 6, 6, 20, 3, 3, {2, 2, 1, 1}),            // k over a block
      conv(2, 12, 14, 14, 24, 5, 5, {1, 1, 0, 0, 1, 1, 2}),  // groups
      conv(1, 3, 32, 32, 32, 3, 3, {1, 1, 1, 1}),            // few channels
      conv(1, 1, 4, 4, 7, 3, 3),                             //
      conv(2, 40, 5, 5, 33, 1, 1),                           // 1x1
      conv(2, 8, 9, 9, 8, 3, 3, {1, 1, 1, 1, 1, 1, 8}),      // depthwise
      conv(1, 5, 9, 9, 6, 3, 3, {1, 1, 2, 2, 2, 2}),         // dilated
  };
}

template <class T>
std::vector<T> packed_forward(const kernels::Conv2dDims& d, const Data<T>& data,
                              const kernels::Conv2dPack<T>* pack,
                              const kernels::ConvEpilogue& epilogue = {}) {
  std::vector<T> y(data.dy.size(), nan_v<T>);
  kernels::conv2d_forward(d, data.x.data(), data.w.data(), data.b.data(), y.data(), epilogue, pack);
  return y;
}

template <class T>
auto pack_of(const kernels::Conv2dDims& d, const Data<T>& data) {
  return kernels::conv2d_pack<T>(d, data.w.data());
}

template <class T>
void check_batches(const kernels::Conv2dDims& d) {
  INFO(description(d));
  const auto pack = pack_of(d, Data<T>(d));
  for (Index n : {Index{1}, d.n, Index{9}, Index{70}}) {
    CAPTURE(n);
    auto batch = d;
    batch.n = n;
    const Data<T> data(batch);  // the weights are those of every batch
    CHECK(same_bits(packed_forward(batch, data, pack.get()), forward(batch, data)));
  }
}

}  // namespace

TEST_CASE("packed weights change no bit, in batches of any size", "[kernels][conv2d][pack]") {
  for (const auto& d : cases()) {
    check_batches<float>(d);
    check_batches<double>(d);
  }
}

TEST_CASE("what was packed for a large batch serves a small one", "[kernels][conv2d][pack]") {
  for (auto d : cases()) {
    d.n = 64;
    check_batches<float>(d);
  }
}

TEST_CASE("packed weights change no bit at any number of threads", "[kernels][conv2d][pack]") {
  for (const auto& d : cases()) {
    INFO(description(d));
    const Data<float> data(d);
    const auto expected = forward(d, data);
    const auto y =
        same_at_all_threads([&] { return packed_forward(d, data, pack_of(d, data).get()); });
    CHECK(same_bits(y, expected));
  }
}

TEST_CASE("a pack made for other sizes is ignored", "[kernels][conv2d][pack]") {
  // Of the same weights all of them.
  const auto d = conv(2, 8, 12, 12, 16, 5, 5);
  const Data<float> data(d);
  const auto expected = forward(d, data);
  for (const auto& other :
       {conv(2, 8, 13, 12, 16, 5, 5), conv(2, 8, 12, 13, 16, 5, 5),
        conv(2, 8, 12, 12, 16, 5, 5, {2, 1}), conv(2, 8, 12, 12, 16, 5, 5, {1, 2}),
        conv(2, 8, 12, 12, 16, 5, 5, {1, 1, 1, 0}), conv(2, 8, 12, 12, 16, 5, 5, {1, 1, 0, 1}),
        conv(2, 8, 12, 12, 16, 5, 5, {1, 1, 0, 0, 2, 1}),
        conv(2, 8, 12, 12, 16, 5, 5, {1, 1, 0, 0, 1, 2}),
        conv(2, 16, 12, 12, 16, 5, 5, {1, 1, 0, 0, 1, 1, 2})}) {
    INFO(description(other));
    CHECK(same_bits(packed_forward(d, data, pack_of(other, data).get()), expected));
  }
}

TEST_CASE("packed weights are used where they fit", "[kernels][conv2d][pack]") {
  for (const auto& d : cases()) {
    INFO(description(d));
    Data<float> data(d);
    const auto pack = pack_of(d, data);
    if (pack == nullptr) continue;  // there is nothing to prepare
    const auto expected = forward(d, data);
    std::fill(data.w.begin(), data.w.end(), nan_v<float>);
    CHECK(same_bits(packed_forward(d, data, pack.get()), expected));
  }
}

TEST_CASE("packed weights and the epilogue", "[kernels][conv2d][pack]") {
  for (const auto& d : cases()) {
    INFO(description(d));
    const Data<float> data(d);
    const auto pack = pack_of(d, data);
    CHECK(same_bits(packed_forward(d, data, pack.get(), {.relu = true}),
                    packed_forward<float>(d, data, nullptr, {.relu = true})));
  }
}

TEST_CASE("packed weights with values that are not finite, and denormal ones",
          "[kernels][conv2d][pack]") {
  for (const auto& d : cases()) {
    INFO(description(d));
    Data<float> data(d);
    data.x[data.x.size() / 2] = infinity_v<float>;
    CHECK(same_bits(packed_forward(d, data, pack_of(d, data).get()), forward(d, data)));
    data = Data<float>(d);
    for (float& w : data.w) w *= std::numeric_limits<float>::min();
    for (float& x : data.x) x *= 0x1p60f;
    std::fill(data.b.begin(), data.b.end(), 0.0f);
    CHECK(same_bits(packed_forward(d, data, pack_of(d, data).get()), forward(d, data)));
  }
}

TEST_CASE("there is nothing to pack for a convolution over nothing", "[kernels][conv2d][pack]") {
  const auto none = conv(0, 3, 8, 8, 4, 3, 3);
  const Data<float> data(none);
  CHECK(pack_of(none, data) == nullptr);
  CHECK(packed_forward(none, data, pack_of(none, data).get()).empty());
}
