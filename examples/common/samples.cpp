#include "samples.hpp"

#include <cstdlib>
#include <filesystem>

namespace example {

std::string data_folder(const Options& options) {
  if (!options.data.empty()) return options.data;
  if (const char* folder = std::getenv("TENON_DATA_DIR")) return folder;
  throw tenon::IoError(
      "[example] where is the data? hint: run scripts/download_data.sh, then name the folder by "
      "--data or TENON_DATA_DIR");
}

std::string small_set(const Options& options, const std::string& set, const std::string& name) {
  if (options.data.empty()) return std::string(TENON_EXAMPLES_DATA_DIR) + "/" + set + "/" + name;
  const std::string in_folder = options.data + "/" + set + "/" + name;
  return std::filesystem::exists(in_folder) ? in_folder : options.data + "/" + name;
}

tenon::data::Dataset load_digits(const Options& options) {
  const tenon::Tensor table = tenon::io::load_npy(small_set(options, "digits", "digits.npy"));
  const tenon::Tensor pixels = table.slice(1, {0, -1});  // 0 to 16; the last column is the label
  return tenon::data::TensorDataset((pixels / 16).reshape({-1, 1, 8, 8}),
                                    table.select(1, -1).to<std::int64_t>());
}

double accuracy(const tenon::LongTensor& a, const tenon::LongTensor& b) {
  Index equal = 0;
  for (Index i = 0; i < a.numel(); ++i) equal += a(i) == b(i);
  return static_cast<double>(equal) / static_cast<double>(a.numel());
}

Result evaluate(tenon::nn::Module& net, const tenon::data::Dataset& test) {
  constexpr Index batch_size = 500;
  const Index count = test.size();
  Result result{0, 0, tenon::LongTensor::empty({count}), tenon::LongTensor::empty({count})};
  net.eval();
  for (Index begin = 0; begin < count; begin += batch_size) {
    const Index size = std::min(batch_size, count - begin);
    const auto [inputs, labels] = test.batch(begin, begin + size);
    const tenon::Tensor logits = net(inputs);  // no tape is open: nothing is recorded
    result.loss += static_cast<double>(size) *
                   static_cast<double>(tenon::cross_entropy(logits, labels).item());
    result.predicted.narrow(0, begin, size).copy_(tenon::argmax(logits, 1));
    result.expected.narrow(0, begin, size).copy_(labels);
  }
  net.train();
  result.loss /= static_cast<double>(count);
  result.accuracy = accuracy(result.predicted, result.expected);
  return result;
}

}  // namespace example
