#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tenon/nn/module.hpp"
#include "tenon/tensor/tensor.hpp"
#include "tenon/train/history.hpp"

namespace tenon {

/// What the scores of a net are: logits become probabilities by softmax, or by the logistic
/// function where there is one score a sample. Automatic: probabilities where all are in [0, 1]
/// and, with several a sample, add up to 1; else logits.
enum class ReportScores { automatic, logits, probabilities };

struct ReportImagesOptions {
  std::string title = "Most wrong images";
  Index count = 24;  ///< at most so many, >= 1
  ReportScores scores = ReportScores::automatic;
  /// Of each channel, if images were normalised: value * deviation + mean is shown; {}: 0 and 1.
  std::vector<double> mean = {};
  std::vector<double> deviation = {};
};

struct ReportTextsOptions {
  std::string title = "Most wrong texts";
  Index count = 12;  ///< at most so many, >= 1
  ReportScores scores = ReportScores::automatic;
  Index max_characters = 600;  ///< of each text; what is longer is cut, >= 1
};

/// What became of a training as one HTML file, which needs nothing besides itself and can be read
/// on a phone, in the dark, in print and by a screen reader:
///
///   Report report("MNIST, small CNN");
///   report.add(trainer.fit(train, {.epochs = 10, .validation = &held_out}));
///   report.add_confusion_matrix(matrix, class_names);
///   report.save("report.html");
///
/// Sections stand in the order in which they were added. Texts may hold anything: they are escaped,
/// and what is not UTF-8 becomes U+FFFD. Equal calls give equal bytes. Class names are as many as
/// there are classes, or none: then classes are numbers. What add_...() throws, ValueError unless
/// said otherwise, leaves the report as it was.
class TENON_API Report {
 public:
  explicit Report(std::string title);

  /// Curves of the loss, every metric and the learning rate, training against validation; the last
  /// epoch and the best one; the loss of each step; warnings. Infinities and NaN are marked gaps.
  /// An epoch whose columns "val_..." are all NaN counts as not validated.
  void add(const History& history, const std::string& title = "Training");

  /// counts: (C, C), the row is the true class, the column the predicted one, >= 0. Colours show
  /// the share in the row. Throws ShapeError too.
  void add_confusion_matrix(const LongTensor& counts,
                            const std::vector<std::string>& class_names = {},
                            const std::string& title = "Confusion matrix");

  /// The wrongly classified images whose true class got the lowest probability.
  /// images: (N, C, H, W), C = 1 or 3; black is 0 and white 1 if all shown are in [0, 1], else
  /// the smallest and the largest value shown. scores: (N, classes), or (N) or (N, 1), the score of
  /// class 1. labels: (N). Throws ShapeError too.
  template <class T>
  void add_worst_images(const BasicTensor<T>& images, const BasicTensor<T>& scores,
                        const LongTensor& labels, const std::vector<std::string>& class_names = {},
                        const ReportImagesOptions& options = {});

  /// The same for texts, one a row of scores.
  template <class T>
  void add_worst_texts(const std::vector<std::string>& texts, const BasicTensor<T>& scores,
                       const LongTensor& labels, const std::vector<std::string>& class_names = {},
                       const ReportTextsOptions& options = {});

  /// The kernels of a convolution, at most 64 of them: in colours where they have three channels,
  /// else channel by channel, at most 16, blue where negative and orange where positive.
  /// weight: (out, in, height, width). Throws ShapeError too.
  template <class T>
  void add_filters(const BasicTensor<T>& weight, const std::string& title = "Filters");

  /// weights: (Q, K) or (heads, Q, K): how much each query, a row, attends to each key, a column.
  /// Labels are as many as rows and columns, or none. Throws ShapeError too.
  template <class T>
  void add_attention(const BasicTensor<T>& weights, const std::vector<std::string>& row_labels = {},
                     const std::vector<std::string>& column_labels = {},
                     const std::string& title = "Attention");

  /// The layers as they are printed, and each parameter's and buffer's shape and size.
  template <class T>
  void add_model(nn::BasicModule<T>& net, const std::string& title = "Model");

  /// Names and values of your own, then the versions, processor, instruction set and threads.
  void add_settings(const std::vector<std::pair<std::string, std::string>>& settings = {},
                    const std::string& title = "Settings");

  /// A remark; empty lines separate its paragraphs.
  void add_text(const std::string& title, const std::string& text);

  /// The page.
  std::string html() const;
  /// Writes it to a file, complete or not at all. Throws IoError.
  void save(const std::string& path) const;

 private:
  std::string title_;
  std::vector<std::pair<std::string, std::string>> sections_;  // titles and HTML
};

}  // namespace tenon
