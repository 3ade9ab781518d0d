#include "tenon/data/cifar10.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>

#include "catch.hpp"
#include "temporary_folder.hpp"
#include "tenon/tensor/factories.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;

namespace {

/// Planes of one colour each.
std::string record(int label, int red, int green, int blue) {
  std::string bytes(1, static_cast<char>(label));
  for (int colour : {red, green, blue}) bytes += std::string(1024, static_cast<char>(colour));
  return bytes;
}

std::string batch_name(int i) { return "data_batch_" + std::to_string(i) + ".bin"; }

/// Two records in the first training file, one in each of the others and in the test file.
void write_set(const TemporaryFolder& folder) {
  write_bytes(folder.file(batch_name(1)), record(0, 1, 2, 3) + record(1, 51, 102, 255));
  for (int i = 2; i <= 5; ++i) write_bytes(folder.file(batch_name(i)), record(i, 10 * i, 0, 0));
  write_bytes(folder.file("test_batch.bin"), record(9, 0, 0, 255));
}

std::string load_error(const TemporaryFolder& folder) {
  return message_of<IoError>([&] { data::load_cifar10(folder.path()); });
}

}  // namespace

TEST_CASE("CIFAR-10's files become one training and one test set in their order",
          "[data][cifar10]") {
  TemporaryFolder folder;
  write_set(folder);
  const auto [train, test] = data::load_cifar10(folder.path());
  REQUIRE(train.size() == 6);
  REQUIRE(test.size() == 1);
  CHECK(train.input_shape() == Shape{3, 32, 32});
  const auto [images, labels] = train.all();
  CHECK(equal(labels, tensor<std::int64_t>({0, 1, 2, 3, 4, 5})));
  CHECK(images(0, 2, 31, 31) == 3 / 255.0F);
  CHECK(images(1, 0, 0, 0) == 51 / 255.0F);
  CHECK(images(1, 1, 31, 0) == 102 / 255.0F);
  CHECK(images(1, 2, 0, 31) == 1.0F);
  for (Index i = 2; i < 6; ++i) CHECK(images(i, 0, 5, 5) == static_cast<float>(10 * i) / 255.0F);
  CHECK(test.all().labels(0) == 9);
  CHECK(test.all().inputs(0, 2, 31, 31) == 1.0F);
}

TEST_CASE("A pixel of CIFAR-10 keeps its row and column", "[data][cifar10]") {
  TemporaryFolder folder;
  write_set(folder);
  std::string bytes = record(3, 0, 0, 0);
  bytes[1 + 1024 + 7 * 32 + 11] = static_cast<char>(204);  // green, row 7, column 11
  write_bytes(folder.file("test_batch.bin"), bytes);
  const Tensor image = data::load_cifar10(folder.path()).test.all().inputs;
  CHECK(image(0, 1, 7, 11) == 204 / 255.0F);
  CHECK(image(0, 1, 11, 7) == 0.0F);
}

TEST_CASE("CIFAR-10 is found in its archive's folder, too", "[data][cifar10]") {
  TemporaryFolder folder;
  write_set(folder);
  std::filesystem::create_directory(folder.file("cifar-10-batches-bin"));
  for (int i = 1; i <= 5; ++i) {
    std::filesystem::rename(folder.file(batch_name(i)),
                            folder.file("cifar-10-batches-bin/" + batch_name(i)));
  }
  CHECK(data::load_cifar10(folder.path()).train.size() == 6);
}

TEST_CASE("A missing CIFAR-10 file names the script that fetches it", "[data][cifar10]") {
  TemporaryFolder folder;
  write_set(folder);
  std::filesystem::remove(folder.file(batch_name(4)));
  const std::string path = folder.path();
  CHECK(load_error(folder) ==
        "[load_cifar10] data_batch_4.bin was found neither in " + path + " nor in " + path +
            "/cifar-10-batches-bin; hint: scripts/download_data.sh --only cifar10 " + path +
            " fetches it");
  write_set(folder);
  std::filesystem::remove(folder.file("test_batch.bin"));
  CHECK_THAT(load_error(folder), ContainsSubstring("test_batch.bin was found neither in"));
  CHECK_THAT(message_of<IoError>([] { data::load_cifar10("/no/such/folder"); }),
             ContainsSubstring("data_batch_1.bin was found neither in /no/such/folder"));
}

TEST_CASE("CIFAR-10 files of no or half records are refused", "[data][cifar10]") {
  TemporaryFolder folder;
  write_set(folder);
  const std::string whole = record(1, 1, 1, 1);
  const auto error_of_bytes = [&](const std::string& bytes) {
    write_bytes(folder.file(batch_name(3)), bytes);
    return load_error(folder);
  };
  CHECK(error_of_bytes(whole.substr(0, 3072)) ==
        "[load_cifar10] " + folder.file(batch_name(3)) +
            ": holds 3072 bytes, not some whole records of 3073 (a label and 3 x 32 x 32 pixels); "
            "hint: a truncated download, or another data set?");
  CHECK_THAT(error_of_bytes(""), ContainsSubstring("holds 0 bytes"));
  CHECK_THAT(error_of_bytes(whole + "x"), ContainsSubstring("holds 3074 bytes"));
  CHECK_THAT(error_of_bytes(whole + whole.substr(0, 1)), ContainsSubstring("holds 3074 bytes"));
  CHECK(error_of_bytes(whole).empty());
}

TEST_CASE("A label above 9 and its place are named", "[data][cifar10]") {
  TemporaryFolder folder;
  write_set(folder);
  write_bytes(folder.file("test_batch.bin"), record(9, 0, 0, 0) + record(10, 0, 0, 0));
  CHECK(load_error(folder) == "[load_cifar10] " + folder.file("test_batch.bin") +
                                  ": holds the label 10 in record 1, not 0 to 9; hint: the file "
                                  "is damaged, or another data set");
  write_bytes(folder.file(batch_name(5)), record(255, 0, 0, 0));
  CHECK_THAT(load_error(folder), ContainsSubstring("holds the label 255 in record 0"));
}

TEST_CASE("A folder in the place of a CIFAR-10 file is named", "[data][cifar10]") {
  TemporaryFolder folder;
  write_set(folder);
  std::filesystem::remove(folder.file(batch_name(2)));
  std::filesystem::create_directory(folder.file(batch_name(2)));
  CHECK_THAT(load_error(folder), ContainsSubstring(folder.file(batch_name(2)) + ": is a folder"));
}

TEST_CASE("The real CIFAR-10 has its counts, labels and mean colours", "[data][cifar10]") {
  const char* folder = std::getenv("TENON_DATA_DIR");
  if (folder == nullptr) TENON_TEST_SKIP("TENON_DATA_DIR is not set");
  if (!std::filesystem::exists(std::string(folder) + "/cifar-10-batches-bin")) {
    TENON_TEST_SKIP(std::string(folder) + "/cifar-10-batches-bin does not exist");
  }
  const auto [train, test] = data::load_cifar10(folder);
  CHECK(train.size() == 50000);
  CHECK(test.size() == 10000);
  CHECK(equal(train.batch(0, 10).labels, tensor<std::int64_t>({6, 9, 9, 4, 1, 1, 2, 7, 8, 3})));
  CHECK(equal(test.batch(0, 5).labels, tensor<std::int64_t>({3, 8, 8, 0, 6})));
  double sums[3] = {};
  for (Index begin = 0; begin < train.size(); begin += 5000) {
    const Tensor images = train.batch(begin, begin + 5000).inputs;
    for (Index i = 0; i < images.numel(); ++i) sums[i / 1024 % 3] += double{images.data()[i]};
  }
  // The widely used means of the training pixels.
  CHECK(sums[0] / (50000 * 1024.0) == Approx(0.49139968).epsilon(1e-6));
  CHECK(sums[1] / (50000 * 1024.0) == Approx(0.48215841).epsilon(1e-6));
  CHECK(sums[2] / (50000 * 1024.0) == Approx(0.44653091).epsilon(1e-6));
}
