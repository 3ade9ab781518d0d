// A small LSTM with dropout under a Trainer, for the test that kills and resumes it:
//   tenon_fit_lstm --checkpoint FILE --checkpoint-every STEPS --json FILE --save FILE
// The options are those of the examples.

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <tenon/tenon.hpp>

using namespace tenon;

namespace {

struct Classifier : nn::Module {
  nn::LSTM lstm{6, 24, {.num_layers = 2, .dropout = 0.3}};
  nn::Dropout dropout{0.2};
  nn::Linear out{24, 3};

  Tensor forward(const Tensor& x) override { return out(dropout(lstm(x).select(1, -1))); }
  void visit(nn::Visitor& v) override {
    v("lstm", lstm);
    v("dropout", dropout);
    v("out", out);
  }
};

std::string option(int argc, char** argv, const char* name) {
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], name) == 0) return argv[i + 1];
  }
  return "";
}

}  // namespace

int main(int argc, char** argv) {
  manual_seed(1);
  const data::TensorDataset<Tensor, LongTensor> train(randn({400, 20, 6}), randint(0, 3, {400}));
  Classifier net;
  Trainer trainer(net, nn::CrossEntropyLoss(), optim::Adam(net, {.lr = 1e-3}));
  const std::string every = option(argc, argv, "--checkpoint-every");
  const History history =
      trainer.fit(train, {.epochs = 12,
                          .batch_size = 20,
                          .validation_split = 0.2,
                          .accumulate = 2,
                          .clip_norm = 1,
                          .schedule = optim::CosineAnnealingLR{.lr = 1e-2, .t_max = 96},
                          .checkpoint = option(argc, argv, "--checkpoint"),
                          .checkpoint_every = every.empty() ? 0 : std::atoll(every.c_str())});
  std::ofstream(option(argc, argv, "--json"))
      << "{\"resumed_from_step\": " << history.resumed_from_step << "}\n";
  io::save(net, option(argc, argv, "--save"));
}
