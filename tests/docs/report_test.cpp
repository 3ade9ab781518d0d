// The code of docs/report.md: each region between [name] and [/name] is quoted there, and runs
// here.

#include <tenon/tenon.hpp>

#include "catch.hpp"
#include "temporary_folder.hpp"

using namespace tenon;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("the guide's report", "[docs]") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("report.html");
  manual_seed(1);
  const data::TensorDataset train(rand({120, 1, 8, 8}), randint(0, 3, {120}));
  const data::TensorDataset test(rand({30, 1, 8, 8}), randint(0, 3, {30}));
  const std::vector<std::string> names{"cat", "dog", "owl"};
  nn::Sequential net{nn::Conv2d(1, 8, 3), nn::ReLU(), nn::Flatten(), nn::Linear(288, 3)};

  // [report]
  Trainer trainer(net, nn::CrossEntropyLoss(), optim::Adam(net, {.lr = 3e-3}));
  History history = trainer.fit(train, {.epochs = 3, .validation = &test});
  Tensor logits = trainer.predict(test);
  auto [images, labels] = test.all();

  Report report("Animals, small CNN");
  report.add(history);
  report.add_worst_images(images, logits, labels, names);
  report.add_model(net);
  report.add_settings({{"optimiser", "Adam"}, {"learning rate", "0.003"}});
  report.save(path);
  // [/report]

  LongTensor counts = full<std::int64_t>({3, 3}, 5);
  const auto& conv = *nn::parameters(net)[0];
  const Tensor weights = rand({2, 3, 3});
  const std::vector<std::string> words{"a", "good", "film"}, texts{"a good film", "a bad film"};
  const Tensor probabilities = full({2}, 0.9f);
  const LongTensor liked = full<std::int64_t>({2}, 0);
  // [report-more]
  report.add_confusion_matrix(counts, names);   // (true, predicted)
  report.add_filters(conv);                     // (out, in, height, width)
  report.add_attention(weights, words, words);  // (heads, queries, keys)
  report.add_worst_texts(texts, probabilities, liked, {"negative", "positive"});
  report.add_text("Remarks", "The owls are drawings.");
  // [/report-more]
  report.save(path);
  const std::string page = test::read_bytes(path);
  CHECK_THAT(page, ContainsSubstring("Animals, small CNN") &&
                       ContainsSubstring("validation loss") &&
                       ContainsSubstring("The owls are drawings."));
}
