#include <algorithm>
#include <cmath>
#include <limits>

#include "train/report_heatmap.hpp"
#include "train/report_image.hpp"
#include "train/report_text.hpp"
#include "train/report_worst.hpp"

namespace tenon {

namespace {

using detail::append;
using detail::count_text;
using detail::escape;
using detail::fail;
using detail::ReportImage;
using detail::ReportPixel;

constexpr Index most_filters = 64;
constexpr Index most_filter_channels = 16;

void check_range(const char* op, const std::vector<double>& values, const char* name,
                 Index channels) {
  if (!values.empty() && static_cast<Index>(values.size()) != channels) {
    fail<ValueError>(op, "expects options.", name, " of each of the ", channels,
                     " channels, or none; got ", values.size());
  }
}

/// Undoes a normalisation, in place. image: (C, H, W).
void denormalise(DoubleTensor& image, const ReportImagesOptions& options) {
  for (Index c = 0; c < image.size(0); ++c) {
    const auto i = static_cast<std::size_t>(c);
    const double scale = options.deviation.empty() ? 1 : options.deviation[i];
    const double shift = options.mean.empty() ? 0 : options.mean[i];
    double* values = image.data() + c * image.size(1) * image.size(2);
    for (Index k = 0; k < image.size(1) * image.size(2); ++k) values[k] = values[k] * scale + shift;
  }
}

struct Range {
  double low = 0, high = 1;
};

/// [0, 1] where it holds all values, else from the smallest to the largest finite one.
Range range_of(const std::vector<DoubleTensor>& images) {
  double low = 0, high = 0;
  bool is_first = true;
  for (const DoubleTensor& image : images) {
    for (Index i = 0; i < image.numel(); ++i) {
      const double value = image.data()[i];
      if (!std::isfinite(value)) continue;
      low = is_first ? value : std::min(low, value);
      high = is_first ? value : std::max(high, value);
      is_first = false;
    }
  }
  if (low >= 0 && high <= 1) return {};
  return {low, low < high ? high : low + 1};
}

/// image: (C, H, W).
ReportImage drawn(const DoubleTensor& image, const Range& range) {
  const Index size = image.size(1) * image.size(2);
  ReportImage out{image.size(1), image.size(2), {}};
  const auto value = [&](Index c, Index i) {
    return (image.data()[c * size + i] - range.low) / (range.high - range.low);
  };
  for (Index i = 0; i < size; ++i) {
    out.pixels.push_back(image.size(0) == 1
                             ? detail::grey_pixel(value(0, i))
                             : detail::rgb_pixel(value(0, i), value(1, i), value(2, i)));
  }
  return out;
}

std::string sample_name(const detail::WorstSamples& worst, const detail::WorstSample& sample) {
  const auto name = [&](Index c) { return worst.class_names[static_cast<std::size_t>(c)]; };
  return "sample " + std::to_string(sample.sample) + ": true " + name(sample.label) +
         ", predicted " + (sample.predicted < 0 ? "nothing" : name(sample.predicted));
}

double largest_size(const DoubleTensor& x) {
  double out = 0;
  for (Index i = 0; i < x.numel(); ++i) {
    if (std::isfinite(x.data()[i])) out = std::max(out, std::abs(x.data()[i]));
  }
  return out;
}

/// The channels of a filter (in, height, width) side by side in a square, one pixel apart.
ReportImage mosaic(const DoubleTensor& filter, double largest) {
  const Index channels = std::min(filter.size(0), most_filter_channels);
  const Index height = filter.size(1), width = filter.size(2);
  const Index columns = static_cast<Index>(std::ceil(std::sqrt(static_cast<double>(channels))));
  const Index rows = (channels + columns - 1) / columns;
  ReportImage out{rows * (height + 1) - 1, columns * (width + 1) - 1, {}};
  out.pixels.resize(static_cast<std::size_t>(out.height * out.width), ReportPixel{0, 0, 0, 0});
  for (Index c = 0; c < channels; ++c) {
    const Index top = c / columns * (height + 1), left = c % columns * (width + 1);
    for (Index y = 0; y < height; ++y) {
      for (Index x = 0; x < width; ++x) {
        const double value = filter.data()[(c * height + y) * width + x];
        out.pixels[static_cast<std::size_t>((top + y) * out.width + left + x)] =
            detail::signed_pixel(value / largest);
      }
    }
  }
  return out;
}

ReportImage drawn_filter(const DoubleTensor& filter) {
  const double largest = largest_size(filter);
  const double scale = largest > 0 ? largest : 1;
  return filter.size(0) == 3 ? drawn(filter, {-scale, scale}) : mosaic(filter, scale);
}

}  // namespace

template <class T>
void Report::add_worst_images(const BasicTensor<T>& images, const BasicTensor<T>& scores,
                              const LongTensor& labels, const std::vector<std::string>& class_names,
                              const ReportImagesOptions& options) {
  constexpr const char* op = "Report.add_worst_images";
  const bool fits = images.defined() && images.rank() == 4 &&
                    (images.size(1) == 1 || images.size(1) == 3) && images.numel() > 0 &&
                    labels.defined() && labels.rank() == 1 && images.size(0) == labels.size(0);
  if (!fits) {
    fail<ShapeError>(op, "expects images (N, C, H, W), C = 1 or 3, as many as labels, N >= 1; got ",
                     images.defined() ? to_string(images.shape()) : "an undefined tensor",
                     " and labels ",
                     labels.defined() ? to_string(labels.shape()) : "that are an undefined tensor");
  }
  check_range(op, options.mean, "mean", images.size(1));
  check_range(op, options.deviation, "deviation", images.size(1));
  const DoubleTensor numbers = scores.defined() ? scores.template to<double>() : DoubleTensor();
  const detail::WorstSamples worst =
      detail::worst_samples(op, numbers, labels, class_names, options.count, options.scores);

  std::vector<DoubleTensor> shown;
  for (const detail::WorstSample& sample : worst.samples) {
    shown.push_back(images[sample.sample].template to<double>().clone());
    denormalise(shown.back(), options);
  }
  const Range range = range_of(shown);
  std::string html = worst_summary(worst, "images") + "<div class=\"samples\">\n";
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const detail::WorstSample& sample = worst.samples[i];
    append(html,
           {"<figure class=\"sample\"><img alt=\"", escape(sample_name(worst, sample)), "\" src=\"",
            data_uri(drawn(shown[i], range)), "\"/><figcaption>", worst_verdict(worst, sample),
            "<small>sample ", count_text(sample.sample), "</small></figcaption></figure>\n"});
  }
  sections_.push_back({options.title, html + "</div>\n"});
}

template <class T>
void Report::add_worst_texts(const std::vector<std::string>& texts, const BasicTensor<T>& scores,
                             const LongTensor& labels, const std::vector<std::string>& class_names,
                             const ReportTextsOptions& options) {
  constexpr const char* op = "Report.add_worst_texts";
  if (!labels.defined() || labels.rank() != 1 ||
      labels.size(0) != static_cast<Index>(texts.size())) {
    fail<ShapeError>(op, "expects labels (N), as many as texts; got ", texts.size(),
                     " texts and labels ",
                     labels.defined() ? to_string(labels.shape()) : "that are an undefined tensor");
  }
  if (options.max_characters < 1) {
    fail<ValueError>(op, "expects options.max_characters >= 1; got ", options.max_characters);
  }
  const DoubleTensor numbers = scores.defined() ? scores.template to<double>() : DoubleTensor();
  const detail::WorstSamples worst =
      detail::worst_samples(op, numbers, labels, class_names, options.count, options.scores);
  std::string html = worst_summary(worst, "texts") + "<div class=\"texts\">\n";
  for (const detail::WorstSample& sample : worst.samples) {
    const std::string& text = texts[static_cast<std::size_t>(sample.sample)];
    append(html, {"<article class=\"text\"><header>", worst_verdict(worst, sample),
                  "<small>sample ", count_text(sample.sample), "</small></header><blockquote>",
                  text.empty() ? "<em>(empty)</em>"
                               : escape(detail::cut_text(text, options.max_characters)),
                  "</blockquote></article>\n"});
  }
  sections_.push_back({options.title, html + "</div>\n"});
}

template <class T>
void Report::add_filters(const BasicTensor<T>& weight, const std::string& title) {
  constexpr const char* op = "Report.add_filters";
  if (!weight.defined() || weight.rank() != 4 || weight.numel() == 0) {
    fail<ShapeError>(op, "expects weight (out, in, height, width) of a convolution; got ",
                     weight.defined() ? to_string(weight.shape()) : "an undefined tensor");
  }
  const Index count = std::min(weight.size(0), most_filters), in = weight.size(1);
  std::string html = "<p>";
  append(html,
         {count < weight.size(0) ? "The first " + count_text(count) + " of " : "",
          count_text(weight.size(0)), " filters of ", weight.size(2), " x ", weight.size(3), ", "});
  if (in == 3) {
    html += "in colours; grey is 0.";
  } else {
    append(html, {"<span class=\"swatch low\"></span>negative, <span class=\"swatch "
                  "high\"></span>positive"});
    if (in > 1) {
      append(html,
             {"; squares side by side are ",
              in > most_filter_channels ? "the first " + count_text(most_filter_channels) + " of "
                                        : "the ",
              in, " channels"});
    }
    html += ".";
  }
  html +=
      " Below each: the largest weight's size, which has the strongest colour.</p>\n<div "
      "class=\"filters\">\n";
  for (Index i = 0; i < count; ++i) {
    const DoubleTensor filter = weight[i].template to<double>().contiguous();
    const std::string size = detail::number_text(largest_size(filter));
    append(html,
           {"<figure><img alt=\"filter ", i, ", weights up to ", size, "\" src=\"",
            data_uri(drawn_filter(filter)), "\"/><figcaption>", size, "</figcaption></figure>\n"});
  }
  sections_.push_back({title, html + "</div>\n"});
}

template <class T>
void Report::add_attention(const BasicTensor<T>& weights,
                           const std::vector<std::string>& row_labels,
                           const std::vector<std::string>& column_labels,
                           const std::string& title) {
  constexpr const char* op = "Report.add_attention";
  const bool fits =
      weights.defined() && (weights.rank() == 2 || weights.rank() == 3) && weights.numel() > 0;
  if (!fits) {
    fail<ShapeError>(op, "expects weights (Q, K) or (heads, Q, K); got ",
                     weights.defined() ? to_string(weights.shape()) : "an undefined tensor");
  }
  const std::vector<std::string> rows =
      detail::names_or_numbers(op, "row labels", row_labels, weights.size(-2));
  const std::vector<std::string> columns =
      detail::names_or_numbers(op, "column labels", column_labels, weights.size(-1));
  const Index heads = weights.rank() == 3 ? weights.size(0) : 1;
  std::string html =
      "<p>Each row is a query and shows how much it attends to each key: nothing is empty, the "
      "largest weight of a map has the strongest colour.</p>\n";
  const bool is_large = rows.size() > 40 || columns.size() > 40;
  append(html, {"<div class=\"", heads == 1 ? "one" : is_large ? "maps large" : "maps", "\">\n"});
  for (Index head = 0; head < heads; ++head) {
    const BasicTensor<T> one = weights.rank() == 3 ? weights[head] : weights;
    const DoubleTensor map = one.template to<double>().contiguous();
    const double largest = largest_size(map);
    const std::string name = heads > 1 ? "head " + std::to_string(head) + ", " : "";
    detail::ReportHeatmap drawing{
        name + "at most " + detail::number_text(largest), "query", "key", rows, columns, {}, {}};
    for (Index i = 0; i < map.numel(); ++i) {
      drawing.values.push_back(map.data()[i]);
      drawing.shades.push_back(map.data()[i] / (largest > 0 ? largest : 1));
    }
    html += draw(drawing);
  }
  sections_.push_back({title, html + "</div>\n"});
}

template TENON_API void Report::add_worst_images(const Tensor&, const Tensor&, const LongTensor&,
                                                 const std::vector<std::string>&,
                                                 const ReportImagesOptions&);
template TENON_API void Report::add_worst_images(const DoubleTensor&, const DoubleTensor&,
                                                 const LongTensor&, const std::vector<std::string>&,
                                                 const ReportImagesOptions&);
template TENON_API void Report::add_worst_texts(const std::vector<std::string>&, const Tensor&,
                                                const LongTensor&, const std::vector<std::string>&,
                                                const ReportTextsOptions&);
template TENON_API void Report::add_worst_texts(const std::vector<std::string>&,
                                                const DoubleTensor&, const LongTensor&,
                                                const std::vector<std::string>&,
                                                const ReportTextsOptions&);
template TENON_API void Report::add_filters(const Tensor&, const std::string&);
template TENON_API void Report::add_filters(const DoubleTensor&, const std::string&);
template TENON_API void Report::add_attention(const Tensor&, const std::vector<std::string>&,
                                              const std::vector<std::string>&, const std::string&);
template TENON_API void Report::add_attention(const DoubleTensor&, const std::vector<std::string>&,
                                              const std::vector<std::string>&, const std::string&);

}  // namespace tenon
