#include "tenon/train/report.hpp"

#include <zlib.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "catch.hpp"
#include "temporary_folder.hpp"
#include "tenon/nn/linear.hpp"
#include "tenon/nn/relu.hpp"
#include "tenon/nn/sequential.hpp"
#include "tenon/tensor/factories.hpp"
#include "train/report_axis.hpp"
#include "train/report_image.hpp"
#include "train/report_text.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();
const std::string evil = "</title><script>alert('x')</script> \"q\" & \xff\xc0\x80 \x01 😀";

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t n = 0;
  for (std::size_t i = text.find(part); i != std::string::npos; i = text.find(part, i + 1)) ++n;
  return n;
}

/// What lies between two marks, from the first one on.
std::string between(const std::string& text, std::string_view begin, std::string_view end) {
  const std::size_t from = text.find(begin);
  if (from == std::string::npos) return "";
  const std::size_t start = from + begin.size();
  return text.substr(start, text.find(end, start) - start);
}

std::string without(std::string text, std::string_view begin, std::string_view end) {
  const std::size_t from = text.find(begin);
  const std::size_t to = text.find(end, from);
  return text.erase(from, to + end.size() - from);
}

/// "" if every tag is closed by its own, attributes are quoted and no text holds a bare & or <;
/// else where it goes wrong. Scripts and styles are left out.
std::string markup_fault(std::string text) {
  text = without(without(std::move(text), "<style>", "</style>"), "<script>", "</script>");
  std::vector<std::string> open;
  for (std::size_t i = text.find('>') + 1; i < text.size(); ++i) {
    const std::string here = text.substr(i, 60);
    if (text[i] == '&' && here.find(';') > 6) return "bare & at " + here;
    if (text[i] != '<') continue;
    const bool closes = text[i + 1] == '/';
    const std::size_t name_begin = i + (closes ? 2 : 1);
    const std::size_t name_end = text.find_first_of(" />", name_begin);
    const std::string name = text.substr(name_begin, name_end - name_begin);
    if (name.empty() ||
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyz123456") != std::string::npos) {
      return "bare < at " + here;
    }
    bool in_quotes = false;
    std::size_t end = name_end;
    for (; end < text.size() && (in_quotes || text[end] != '>'); ++end) {
      if (text[end] == '"') in_quotes = !in_quotes;
      if (text[end] == '<') return "< inside a tag at " + here;
    }
    if (closes) {
      if (open.empty() || open.back() != name) return "wrong end at " + here;
      open.pop_back();
    } else if (text[end - 1] != '/') {
      open.push_back(name);
    }
    i = end;
  }
  return open.empty() ? "" : "never closed: " + open.back();
}

History history_of(const std::vector<double>& loss, const std::vector<double>& val_loss = {}) {
  History history;
  for (std::size_t i = 0; i < loss.size(); ++i) {
    history.epochs.add_row();
    history.epochs.set("loss", loss[i]);
    if (!val_loss.empty()) history.epochs.set("val_loss", val_loss[i]);
  }
  return history;
}

std::string page_of(const History& history) {
  Report report("r");
  report.add(history);
  return report.html();
}

LongTensor counts_of(Index classes, Index diagonal) {
  LongTensor counts = full<std::int64_t>({classes, classes}, 0);
  for (Index i = 0; i < classes; ++i) counts(i, i) = diagonal;
  return counts;
}

/// A report with everything in it, all texts of which are evil.
Report full_report() {
  manual_seed(3);
  Report report(evil);
  History history = history_of({3, missing, 1}, {2, missing, infinity});
  history.epochs.set(evil, 0.5);
  history.steps.add_row();
  history.steps.set("loss", 1);
  history.stop_reason = evil;
  history.warnings = {evil};
  report.add(history, evil);
  LongTensor counts = counts_of(3, 99999);
  counts(0, 1) = 1;
  report.add_confusion_matrix(counts, {evil, evil, ""}, evil);
  report.add_confusion_matrix(counts_of(30, 2), std::vector<std::string>(30, evil), evil);
  const Tensor scores = randn({4, 3});
  LongTensor labels = full<std::int64_t>({4}, 1);
  report.add_worst_images(randn({4, 3, 5, 7}), scores, labels, {evil, evil, evil}, {.title = evil});
  report.add_worst_texts({evil, evil, evil, ""}, scores, labels, {evil, evil, evil},
                         {.title = evil});
  report.add_filters(randn({4, 3, 3, 3}), evil);
  report.add_filters(randn({4, 5, 3, 3}), evil);
  report.add_attention(rand({2, 3, 2}), {evil, evil, evil}, {evil, evil}, evil);
  nn::Sequential net{nn::Linear(4, 3), nn::ReLU()};
  report.add_model(net, evil);
  report.add_settings({{evil, evil}}, evil);
  report.add_text(evil, evil + "\n\n" + evil);
  return report;
}

}  // namespace

TEST_CASE("a report is one well-formed file that refers to no other", "[report][tiny]") {
  const std::string page = full_report().html();
  CHECK(markup_fault(page) == "");
  CHECK(!contains(page, "http:"));
  CHECK(!contains(page, "https:"));
  CHECK(!contains(page, "url("));
  CHECK(!contains(page, "@import"));
  CHECK(count(page, "src=\"") == count(page, "src=\"data:image/png;base64,"));
  CHECK(count(page, "href=\"") == count(page, "href=\"data:") + count(page, "href=\"#s"));
  CHECK(contains(page, "default-src 'none'"));
  CHECK(markup_fault("<!DOCTYPE html><p><b></p><style></style><script></script>") != "");
}

TEST_CASE("texts cannot leave their places in a report", "[report]") {
  const std::string page = full_report().html();
  CHECK(!contains(page, "alert('x')"));
  CHECK(!contains(page, "</title><script"));
  CHECK(count(page, "<script>") == 1);
  CHECK(contains(page,
                 "&lt;/title&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &quot;q&quot; "
                 "&amp; ��� � 😀"));
  CHECK(detail::escape("a\tb\r\nc\xe2\x82") == "a\tb\nc��");
  CHECK(detail::escape("\x7f\xc2\x85") == "��");
}

TEST_CASE("equal reports have equal bytes, and saving writes them", "[report]") {
  const Report report = full_report();
  CHECK(report.html() == full_report().html());
  const TemporaryFolder folder;
  report.save(folder.file("report.html"));
  CHECK(read_bytes(folder.file("report.html")) == report.html());
  CHECK_THAT(message_of<IoError>([&] { report.save(folder.file("no/report.html")); }),
             ContainsSubstring("[Report.save]") && ContainsSubstring("folder does not exist"));
}

TEST_CASE("a report with nothing in it is a page", "[report]") {
  const std::string page = Report("").html();
  CHECK(markup_fault(page) == "");
  CHECK(contains(page, "<title></title>"));
}

TEST_CASE("a history's last and best epochs are told", "[report]") {
  History history = history_of({1.5, 0.5, 0.25}, {1.25, 0.75, 1});
  const double accuracy[] = {0.5, 0.875, 0.8125};
  History with_accuracy;
  for (std::size_t i = 0; i < 3; ++i) {
    with_accuracy.epochs.add_row();
    with_accuracy.epochs.set("loss", history["loss"][i]);
    with_accuracy.epochs.set("val_loss", history["val_loss"][i]);
    with_accuracy.epochs.set("val_accuracy", accuracy[i]);
  }
  const std::string page = page_of(with_accuracy);
  CHECK(contains(page,
                 "<th scope=\"row\">loss</th><td class=\"n\">0.25</td><td class=\"n\">1</td>"
                 "<td class=\"n\">0.75</td><td class=\"where\">validation, epoch 2 (lowest)</td>"));
  CHECK(contains(
      page,
      "<th scope=\"row\">accuracy</th><td class=\"n\">–</td><td class=\"n\">0.8125"
      "</td><td class=\"n\">0.875</td><td class=\"where\">validation, epoch 2 (highest)</td>"));
  CHECK(contains(page,
                 "aria-label=\"loss by epoch; training: from 1.5 to 0.25; validation: from "
                 "1.25 to 1, best 0.75 at epoch 2\""));
  CHECK(contains(page, "data-x=\"1 2 3\" data-y=\"1.25 0.75 1\""));
}

TEST_CASE("gaps of a curve are marked, epochs without validation are none", "[report]") {
  const std::string page =
      page_of(history_of({4, missing, 2, infinity, 1}, {4, missing, 2, missing, 1}));
  CHECK(count(page, "class=\"gap\"") == 2 + 1);  // and one in the legend
  CHECK(contains(page, "training, epoch 2: NaN"));
  CHECK(contains(page, "training, epoch 4: infinity"));
  CHECK(contains(page, "data-x=\"1 3 5\" data-y=\"4 2 1\""));
  const std::string line = between(page, "<g class=\"train\"", "</g>");
  CHECK(count(between(line, "<path class=\"line\" d=\"", "\""), "M") == 3);

  const std::string hopeless = page_of(history_of({missing, missing}));
  CHECK(markup_fault(hopeless) == "");
  CHECK(!contains(between(hopeless, "<g class=\"train\"", "</g>"), "class=\"line\""));
}

TEST_CASE("a single epoch and values at the ends of double can be drawn", "[report]") {
  for (double value : {0.0, 1.0, -3.0, 1e308, -1e308, 5e-324, 1e-300, missing}) {
    const std::string page = page_of(history_of({value}));
    CHECK(markup_fault(page) == "");
    for (std::string attribute : {" d=\"", " cx=\"", " cy=\"", " x=\"", " y=\""}) {
      for (std::size_t i = page.find(attribute); i != std::string::npos;
           i = page.find(attribute, i + 1)) {
        const std::string drawn = page.substr(i + 4, page.find('"', i + 5) - i - 4);
        CHECK(!contains(drawn, "n"));  // nan, inf
      }
    }
  }
  CHECK(markup_fault(page_of(history_of({-1e300, 1e300}))) == "");
}

TEST_CASE("many steps are thinned out and keep their spikes and gaps", "[report]") {
  History history = history_of({1});
  for (Index i = 0; i < 50000; ++i) {
    history.steps.add_row();
    double loss = static_cast<double>(1 + i % 3);
    if (i == 12345) loss = 777;
    if (i == 23456) loss = 0.001;
    if (i == 34567) loss = missing;
    history.steps.set("loss", loss);
  }
  const std::string page = page_of(history);
  const std::string each = between(page, "<g class=\"faint\"", "</g>");
  CHECK(contains(between(each, "data-y=\"", "\""), " 777 "));
  CHECK(contains(between(each, "data-y=\"", "\""), " 0.001 "));
  CHECK(count(each, "class=\"gap\"") == 1);
  CHECK(contains(each, "step 34,568: NaN"));
  CHECK(each.size() < 60000);
  CHECK(contains(page, "mean of 625 steps"));
  const std::string mean = page.substr(page.find("data-n=\"mean of 625 steps\""));
  // 625 steps from 0 on: 208 times 1 + 2 + 3 and one more 1.
  CHECK_THAT(between(mean, "data-y=\"", "\""), ContainsSubstring("1.9984 "));
}

TEST_CASE("axes have round ticks", "[report]") {
  const auto texts = [](const detail::ReportAxis& axis, int n, bool whole = false) {
    std::string out;
    for (const auto& tick : axis.ticks(n, whole)) out += tick.text + " ";
    return out;
  };
  CHECK(texts({0, 1, false}, 5) == "0 0.2 0.4 0.6 0.8 1.0 ");
  CHECK(texts({-0.31, 0.29, false}, 5) == "-0.2 0 0.2 ");
  CHECK(texts({1, 3, false}, 7, true) == "1 2 3 ");
  CHECK(texts({1, 20000, false}, 7, true) == "5,000 10,000 15,000 20,000 ");
  CHECK(texts({0.008, 1.2, true}, 5) == "0.01 0.02 0.05 0.1 0.2 0.5 1 ");
  CHECK(texts({1e-8, 1, true}, 5) == "1e-8 1e-6 0.0001 0.01 1 ");
  CHECK(detail::axis_around({0.01, 1}, true).is_log);
  CHECK(!detail::axis_around({0.03, 1}, true).is_log);
  CHECK(!detail::axis_around({0, 1}, true).is_log);
  CHECK(!detail::axis_around({0.01, 1}, false).is_log);
  const detail::ReportAxis log{0.01, 100, true};
  CHECK(log.position(1) == Approx(0.5));
}

TEST_CASE("numbers read well", "[report]") {
  CHECK(detail::number_text(0.98714) == "0.9871");
  CHECK(detail::number_text(12345.6) == "12,346");
  CHECK(detail::number_text(-1234567) == "-1,234,567");
  CHECK(detail::number_text(999.97) == "1,000");
  CHECK(detail::number_text(0.000012) == "1.2e-5");
  CHECK(detail::number_text(3e20) == "3e20");
  CHECK(detail::plain_text(1234567) == "1234567");
  CHECK(detail::plain_text(0.12345678) == "0.123457");
  CHECK(detail::plain_text(-infinity) == "-Infinity");
  CHECK(detail::fixed_text(-0.0001, 2) == "0.00");
  CHECK(detail::percent_text(0.5) == "50.0 %");
  CHECK(detail::percent_text(0.99999) == "&gt; 99.9 %");
  CHECK(detail::percent_text(0.00001) == "&lt; 0.1 %");
  CHECK(detail::percent_text(1) == "100.0 %");
  CHECK(detail::percent_text(missing) == "–");
  CHECK(detail::cut_text("aé\xff😀b", 3) == "aé\xff… (2 characters more)");
  CHECK(detail::cut_text("aé", 2) == "aé");
}

TEST_CASE("a confusion matrix tells counts, shares and classes without samples", "[report]") {
  LongTensor counts = full<std::int64_t>({3, 3}, 0);
  counts(0, 0) = 6;
  counts(0, 1) = 2;
  counts(2, 0) = 1;
  counts(2, 2) = 3;
  Report report("r");
  report.add_confusion_matrix(counts, {"cat", "dog", "owl"});
  const std::string page = report.html();
  CHECK(contains(page, "9 of 12 samples right, 75.0 %"));
  CHECK(contains(page, "title=\"true cat, predicted dog: 25.0 %\">2</td>"));
  CHECK(contains(page, "title=\"true dog, predicted dog: –\">0</td>"));
  CHECK(contains(page, "<td>cat</td><td>dog</td><td class=\"n\">2</td><td class=\"n\">25.0 %"));
  const std::string owl = between(page, "<th scope=\"row\">owl</th>", "</tr>");
  CHECK(contains(owl, "75.0 %"));   // recall, 3 of 4
  CHECK(contains(owl, "100.0 %"));  // precision, 3 of 3
  CHECK(contains(owl, "85.7 %"));   // F1, 6 of 7
  const std::string dog = between(page, "<th scope=\"row\">dog</th>", "</tr>");
  CHECK(contains(dog, "<td class=\"n\">0</td><td class=\"n\">–</td>"));

  Report large("r");
  large.add_confusion_matrix(counts_of(100, 7));
  CHECK(contains(large.html(), "data-row=\"true\" data-column=\"predicted\""));
  CHECK(contains(large.html(), "data-values=\"7 0 0 "));
  CHECK(large.html().size() < 120000);
}

TEST_CASE("the most wrong samples come first", "[report]") {
  // Logits of two classes; all labels are 0.
  Tensor logits = full({5, 2}, 0.0f);
  const float second[] = {-1, 2, 900, 0.5f, std::numeric_limits<float>::quiet_NaN()};
  for (Index i = 0; i < 5; ++i) logits(i, 1) = second[i];
  const LongTensor labels = full<std::int64_t>({5}, 0);
  const std::vector<std::string> texts{"t0", "t1", "t2", "t3", "t4"};
  const auto order = [](const std::string& page) {
    std::string out;
    for (std::size_t i = page.find("<blockquote>"); i != std::string::npos;
         i = page.find("<blockquote>", i + 1)) {
      out += page.substr(i + 12, 2) + " ";
    }
    return out;
  };
  Report report("r");
  report.add_worst_texts(texts, logits, labels);
  CHECK(order(report.html()) == "t4 t2 t1 t3 ");
  CHECK(contains(report.html(), "4 of 5 texts classified wrongly (80.0 %)"));
  CHECK(contains(report.html(), "No prediction: a score is NaN or infinite."));
  CHECK(contains(report.html(), "<b>1</b><em>88.1 %</em>"));  // 1 / (1 + exp(-2))

  Report two("r");
  two.add_worst_texts(texts, logits.to<double>(), labels, {}, {.count = 2});
  CHECK(order(two.html()) == "t4 t2 ");

  SECTION("one score a sample") {
    Tensor score = full({5}, 0.9f);
    score(1) = 0.2f;
    score(2) = 0.95f;
    Report probabilities("r");
    probabilities.add_worst_texts(texts, score, labels, {"no", "yes"});
    CHECK(order(probabilities.html()) == "t2 t0 t3 t4 ");
    CHECK(contains(probabilities.html(), "<b>no</b><em>5.0 %</em>"));
    Report as_logits("r");
    as_logits.add_worst_texts(texts, score.reshape({5, 1}), labels, {"no", "yes"},
                              {.scores = ReportScores::logits});
    CHECK(order(as_logits.html()) == "t2 t0 t3 t4 t1 ");
    CHECK(contains(as_logits.html(), "<b>yes</b><em>72.1 %</em>"));  // 1 / (1 + exp(-0.95))
  }
  SECTION("none is wrong") {
    Tensor sure = full({2, 2}, 0.2f);
    sure(0, 0) = sure(1, 0) = 0.8f;
    Report right("r");
    right.add_worst_texts({"t0", "t1"}, sure, full<std::int64_t>({2}, 0));
    CHECK(contains(right.html(), "None of 2 texts is classified wrongly"));
    CHECK(contains(right.html(), "<em>80.0 %</em>"));
  }
}

TEST_CASE("images are PNG files of the right pixels", "[report]") {
  const detail::ReportImage image{1, 3, {{1, 2, 3, 255}, {250, 251, 252, 255}, {0, 0, 0, 255}}};
  const std::string uri = detail::data_uri(image);
  REQUIRE(uri.starts_with("data:image/png;base64,iVBORw0KGgo"));
  static const std::string digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0;
  int have = 0;
  for (char c : uri.substr(22)) {
    if (c == '=') break;
    bits = (bits << 6 | static_cast<unsigned>(digits.find(c))) & 0xffffff;
    if ((have += 6) >= 8) bytes += static_cast<char>(bits >> (have -= 8) & 255);
  }
  CHECK(bytes.substr(12, 17) == std::string("IHDR\0\0\0\3\0\0\0\1\x08\2\0\0\0", 17));
  const std::size_t data = bytes.find("IDAT") + 4;
  std::string rows(10, '?');
  uLongf size = rows.size();
  REQUIRE(::uncompress(reinterpret_cast<Bytef*>(rows.data()), &size,
                       reinterpret_cast<const Bytef*>(bytes.data() + data),
                       static_cast<uLong>(bytes.size() - data - 16)) == Z_OK);
  CHECK(rows == std::string("\0\1\2\3\xfa\xfb\xfc\0\0\0", 10));
  CHECK(bytes.ends_with("IEND\xae\x42\x60\x82"));

  CHECK(detail::grey_pixel(0.5) == detail::ReportPixel{128, 128, 128, 255});
  CHECK(detail::grey_pixel(-9) == detail::ReportPixel{0, 0, 0, 255});
  CHECK(detail::grey_pixel(missing) == detail::opacity_pixel(missing));
  CHECK(detail::opacity_pixel(0)[3] == 0);
  CHECK(detail::signed_pixel(-1)[2] > detail::signed_pixel(-1)[0]);
  CHECK(detail::signed_pixel(infinity) == detail::signed_pixel(1));
}

TEST_CASE("a normalisation is undone before an image is drawn", "[report]") {
  Tensor images = full({1, 1, 1, 2}, 0.0f);
  images(0, 0, 0, 1) = 0.5f;
  Tensor normalised = images.clone();
  for (Index i = 0; i < 2; ++i) normalised(0, 0, 0, i) = (images(0, 0, 0, i) - 0.25f) / 0.5f;
  const LongTensor labels = full<std::int64_t>({1}, 0);
  const Tensor scores = full({1, 2}, 0.5f);
  Report plain("r"), undone("r"), stretched("r");
  plain.add_worst_images(images, scores, labels);
  undone.add_worst_images(normalised, scores, labels, {}, {.mean = {0.25}, .deviation = {0.5}});
  stretched.add_worst_images(normalised, scores, labels);
  CHECK(plain.html() == undone.html());
  CHECK(plain.html() != stretched.html());
}

TEST_CASE("views are drawn as what they are", "[report]") {
  manual_seed(1);
  const Tensor images = rand({4, 3, 6, 5}), scores = rand({4, 2}), maps = rand({2, 3, 4});
  const Tensor filters = randn({4, 2, 3, 3});
  const LongTensor labels = full<std::int64_t>({4}, 1);
  const auto turned = [](const Tensor& x) { return x.transpose(0, 1).clone().transpose(0, 1); };
  Report packed("r"), views("r");
  packed.add_worst_images(images, scores, labels);
  packed.add_attention(maps);
  packed.add_filters(filters);
  views.add_worst_images(turned(images), turned(scores), labels);
  views.add_attention(turned(maps));
  views.add_filters(turned(filters));
  REQUIRE(!turned(images).is_contiguous());
  CHECK(packed.html() == views.html());
}

TEST_CASE("attention, filters, models and settings are in the page", "[report]") {
  Report report("r");
  Tensor map = full({2, 3}, 0.25f);
  map(1, 2) = 0.75f;
  report.add_attention(map, {"a", "b"}, {"x", "y", "z"});
  CHECK(contains(report.html(), "data-rows=\"a\nb\" data-columns=\"x\ny\nz\""));
  CHECK(contains(report.html(), "data-values=\"0.25 0.25 0.25 0.25 0.25 0.75\""));
  report.add_filters(full({70, 1, 3, 3}, -0.5f));
  CHECK(contains(report.html(), "The first 64 of 70 filters of 3 x 3"));
  CHECK(count(report.html(), "weights up to 0.5\"") == 64);
  nn::Sequential net{nn::Linear(4, 3), nn::ReLU()};
  report.add_model(net);
  CHECK(contains(report.html(), "15 trainable values"));
  CHECK(contains(report.html(), "(0): Linear(4 -&gt; 3)"));
  CHECK(
      contains(report.html(), "<th scope=\"row\">0.weight</th><td>(3, 4)</td><td class=\"n\">12"));
  report.add_settings({{"batch size", "64"}});
  CHECK(contains(report.html(), "<th scope=\"row\">batch size</th><td>64</td>"));
  CHECK(contains(report.html(), "<th scope=\"row\">threads</th>"));
  CHECK(contains(report.html(), "<th scope=\"row\">kernels</th>"));
}

TEST_CASE("errors of a report teach, and it stays as it was", "[report]") {
  Report report("r");
  const std::string before = report.html();
  const auto shape = [](const auto& f) { return message_of<ShapeError>(f); };
  const auto value = [](const auto& f) { return message_of<ValueError>(f); };
  const LongTensor labels = full<std::int64_t>({2}, 1);
  const Tensor scores = full({2, 3}, 0.0f), images = full({2, 1, 4, 4}, 0.0f);

  CHECK(value([&] { report.add(History()); }) ==
        "[Report.add] the history has no epoch yet; hint: add what Trainer::fit() returned");
  CHECK(shape([&] {
          report.add_confusion_matrix(full<std::int64_t>({2, 3}, 0));
        }) == "[Report.add_confusion_matrix] expects counts (C, C), C >= 1; got (2, 3)");
  CHECK(shape([&] { report.add_confusion_matrix(LongTensor()); }) ==
        "[Report.add_confusion_matrix] expects counts (C, C), C >= 1; got an undefined tensor");
  CHECK(value([&] { report.add_confusion_matrix(counts_of(2, -1)); }) ==
        "[Report.add_confusion_matrix] expects counts >= 0; got -1 at (0, 0)");
  CHECK(value([&] { report.add_confusion_matrix(counts_of(2, 1), {"a"}); }) ==
        "[Report.add_confusion_matrix] takes as many class names as there are, 2, or none; got 1");
  CHECK(shape([&] {
          report.add_worst_images(full({2, 2, 4, 4}, 0.0f), scores, labels);
        }) ==
        "[Report.add_worst_images] expects images (N, C, H, W), C = 1 or 3, as many as labels, "
        "N >= 1; got (2, 2, 4, 4) and labels (2)");
  CHECK(shape([&] {
          report.add_worst_images(images, full({3, 3}, 0.0f), labels);
        }) ==
        "[Report.add_worst_images] expects scores (N, classes), (N, 1) or (N), and labels (N), "
        "N >= 1; got (3, 3) and (2)");
  CHECK(shape([&] { report.add_worst_images(images, Tensor(), labels); }) ==
        "[Report.add_worst_images] expects scores (N, classes), (N, 1) or (N), and labels (N), "
        "N >= 1; got an undefined tensor and (2)");
  CHECK(value([&] { report.add_worst_images(images, scores, full<std::int64_t>({2}, 3)); }) ==
        "[Report.add_worst_images] expects labels in 0 .. 2; got 3 for sample 0");
  CHECK(value([&] {
          report.add_worst_images(images, scores, labels, {}, {.mean = {0, 0}});
        }) ==
        "[Report.add_worst_images] expects options.mean of each of the 1 channels, or none; got 2");
  CHECK(value([&] { report.add_worst_images(images, scores, labels, {}, {.count = 0}); }) ==
        "[Report.add_worst_images] expects options.count >= 1; got 0");
  CHECK(
      shape([&] { report.add_worst_texts({"a"}, scores, labels); }) ==
      "[Report.add_worst_texts] expects labels (N), as many as texts; got 1 texts and labels (2)");
  CHECK(value([&] {
          report.add_worst_texts({"a", "b"}, scores, labels, {}, {.max_characters = 0});
        }) == "[Report.add_worst_texts] expects options.max_characters >= 1; got 0");
  CHECK(
      shape([&] {
        report.add_filters(full({2, 3}, 0.0f));
      }) ==
      "[Report.add_filters] expects weight (out, in, height, width) of a convolution; got (2, 3)");
  CHECK(shape([&] { report.add_attention(full({2}, 0.0f)); }) ==
        "[Report.add_attention] expects weights (Q, K) or (heads, Q, K); got (2)");
  CHECK(value([&] {
          report.add_attention(full({2, 3}, 0.0f), {"a"});
        }) == "[Report.add_attention] takes as many row labels as there are, 2, or none; got 1");
  CHECK(report.html() == before);
}
