#include "tenon/data/mnist.hpp"

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "catch.hpp"
#include "temporary_folder.hpp"
#include "tenon/tensor/factories.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;

namespace {

std::string idx(std::vector<int> sizes, int value) {
  std::string bytes("\0\0\10", 3);
  bytes += static_cast<char>(sizes.size());
  int count = 1;
  for (int size : sizes) {
    count *= size;
    for (int shift : {24, 16, 8, 0}) bytes += static_cast<char>(size >> shift);
  }
  return bytes + std::string(static_cast<std::size_t>(count), static_cast<char>(value));
}

void write_set(const TemporaryFolder& folder) {
  write_bytes(folder.file("train-images-idx3-ubyte"), idx({3, 28, 28}, 51));
  write_bytes(folder.file("train-labels-idx1-ubyte"), idx({3}, 7));
  write_bytes(folder.file("t10k-images.idx3-ubyte"), idx({2, 28, 28}, 255));
  write_bytes(folder.file("t10k-labels.idx1-ubyte"), idx({2}, 9));
}

std::string load_error(const TemporaryFolder& folder) {
  return message_of<IoError>([&] { data::load_mnist(folder.path()); });
}

}  // namespace

TEST_CASE("MNIST's files are found by either of their names", "[data][mnist]") {
  TemporaryFolder folder;
  write_set(folder);
  const auto [train, test] = data::load_mnist(folder.path());
  CHECK(train.size() == 3);
  CHECK(test.size() == 2);
  CHECK(train.input_shape() == Shape{1, 28, 28});
  CHECK(train.all().inputs(2, 0, 27, 27) == 51 / 255.0F);
  CHECK(test.all().labels(1) == 9);
  CHECK(data::load_fashion_mnist(folder.path()).train.size() == 3);
}

TEST_CASE("A missing MNIST file names the script that fetches it", "[data][mnist]") {
  TemporaryFolder folder;
  write_set(folder);
  std::filesystem::remove(folder.file("t10k-labels.idx1-ubyte"));
  CHECK_THAT(load_error(folder),
             ContainsSubstring("[load_mnist] t10k-labels-idx1-ubyte.gz was found neither in") &&
                 ContainsSubstring("scripts/download_data.sh --only mnist " + folder.path()));
  CHECK_THAT(message_of<IoError>([&] { data::load_fashion_mnist("/no/such/folder"); }),
             ContainsSubstring("scripts/download_data.sh --only fashion-mnist"));
}

TEST_CASE("Files that are not MNIST's are refused", "[data][mnist]") {
  TemporaryFolder folder;
  write_set(folder);
  write_bytes(folder.file("train-labels-idx1-ubyte"), idx({4}, 7));
  CHECK_THAT(load_error(folder), ContainsSubstring("do not belong together"));
  write_bytes(folder.file("train-labels-idx1-ubyte"), idx({3}, 10));
  CHECK_THAT(load_error(folder), ContainsSubstring("holds the label 10 at position 0"));
  write_bytes(folder.file("train-images-idx3-ubyte"), idx({3, 32, 32}, 1));
  CHECK_THAT(load_error(folder), ContainsSubstring("(3, 32, 32), not (N, 28, 28)"));
}

TEST_CASE("The real MNIST has its counts, labels and mean pixel", "[data][mnist]") {
  const char* folder = std::getenv("TENON_DATA_DIR");
  if (folder == nullptr) TENON_TEST_SKIP("TENON_DATA_DIR is not set");
  if (!std::filesystem::exists(std::string(folder) + "/mnist")) {
    TENON_TEST_SKIP(std::string(folder) + "/mnist does not exist");
  }
  const auto [train, test] = data::load_mnist(folder);
  CHECK(train.size() == 60000);
  CHECK(test.size() == 10000);
  CHECK(equal(train.batch(0, 10).labels, tensor<std::int64_t>({5, 0, 4, 1, 9, 2, 1, 3, 1, 4})));
  CHECK(equal(test.batch(0, 5).labels, tensor<std::int64_t>({7, 2, 1, 0, 4})));
  double sum = 0;
  const Tensor images = train.all().inputs;
  for (Index i = 0; i < images.numel(); ++i) sum += 255 * double{images.data()[i]};
  CHECK(sum / static_cast<double>(images.numel()) == Approx(33.318421).epsilon(1e-7));
}
