#include "data/image_resize.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "tenon/base/memory.hpp"

namespace tenon::detail {

namespace {

/// Which pixels of a row or column make one of the result, and with which weights.
struct Taps {
  Index first = 0;
  std::vector<float> weights;
};

std::vector<Taps> make_taps(double start, double length, Index in, Index out) {
  const double scale = length / static_cast<double>(out), reach = std::max(1.0, scale);
  std::vector<Taps> taps(static_cast<std::size_t>(out));
  for (std::size_t i = 0; i < taps.size(); ++i) {
    const double centre = start + (static_cast<double>(i) + 0.5) * scale;
    const auto first = std::max(Index{0}, static_cast<Index>(centre - reach + 0.5));
    const auto last = std::min(in, static_cast<Index>(centre + reach + 0.5));
    double sum = 0;
    std::vector<double> weights;
    for (Index k = first; k < last; ++k) {
      weights.push_back(std::max(0.0, 1 - std::abs(static_cast<double>(k) + 0.5 - centre) / reach));
      sum += weights.back();
    }
    taps[i].first = first;
    for (const double w : weights) taps[i].weights.push_back(static_cast<float>(w / sum));
  }
  return taps;
}

}  // namespace

ImageBox central_box(Index image_height, Index image_width, Index height, Index width) {
  const auto h = static_cast<double>(image_height), w = static_cast<double>(image_width);
  const double scale = std::min(h / static_cast<double>(height), w / static_cast<double>(width));
  const double box_h = scale * static_cast<double>(height);
  const double box_w = scale * static_cast<double>(width);
  return {(h - box_h) / 2, (w - box_w) / 2, box_h, box_w};
}

void resize_image(const DecodedImage& image, const ImageBox& box, Index height, Index width,
                  std::uint8_t* out) {
  const Index channels = image.channels, row_size = image.width * channels;
  const std::vector<Taps> rows = make_taps(box.top, box.height, image.height, height);
  const std::vector<Taps> columns = make_taps(box.left, box.width, image.width, width);
  // Rows first: along them every loop is over neighbours in memory.
  Scratch<float> sums(row_size);
  for (Index y = 0; y < height; ++y) {
    std::fill_n(sums.data(), row_size, 0.0f);
    const Taps& row = rows[static_cast<std::size_t>(y)];
    const std::uint8_t* from = image.pixels.get() + row.first * row_size;
    for (const float weight : row.weights) {
      for (Index k = 0; k < row_size; ++k) sums[k] += weight * static_cast<float>(from[k]);
      from += row_size;
    }
    for (Index x = 0; x < width; ++x) {
      const Taps& column = columns[static_cast<std::size_t>(x)];
      for (Index c = 0; c < channels; ++c) {
        float sum = 0;
        Index k = column.first * channels + c;
        for (const float weight : column.weights) {
          sum += weight * sums[k];
          k += channels;
        }
        out[(c * height + y) * width + x] = static_cast<std::uint8_t>(std::min(255.0f, sum + 0.5f));
      }
    }
  }
}

}  // namespace tenon::detail
