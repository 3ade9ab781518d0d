#include "tenon/data/cifar10.hpp"

#include <filesystem>
#include <vector>

#include "data/gzip_file.hpp"

namespace tenon::data {

namespace {

constexpr const char* cifar10_op = "load_cifar10";
constexpr const char* subfolder = "cifar-10-batches-bin";
constexpr Index image_bytes = 3 * 32 * 32;
constexpr Index record_bytes = 1 + image_bytes;

std::string find_file(const std::string& folder, const std::string& name) {
  const std::filesystem::path base(folder);
  for (const auto& place : {base, base / subfolder}) {
    if (std::filesystem::exists(place / name)) return (place / name).string();
  }
  detail::fail<IoError>(cifar10_op, name, " was found neither in ", folder, " nor in ",
                        (base / subfolder).string(),
                        "; hint: scripts/download_data.sh --only cifar10 ", folder, " fetches it");
}

Index record_count(const std::string& path) {
  const detail::GzipFile file(cifar10_op, path);
  const auto bytes = static_cast<Index>(file.largest_content());
  if (bytes == 0 || bytes % record_bytes != 0) {
    file.fail(
        "holds ", bytes, " bytes, not some whole records of ", record_bytes,
        " (a label and 3 x 32 x 32 pixels); hint: a truncated download, or another data set?");
  }
  return bytes / record_bytes;
}

void read_records(const std::string& path, Index count, std::uint8_t* pixels,
                  std::int64_t* labels) {
  detail::GzipFile file(cifar10_op, path);
  for (Index i = 0; i < count; ++i, pixels += image_bytes) {
    std::uint8_t label = 0;
    if (file.read_some(&label, 1) != 1 ||
        file.read_some(pixels, image_bytes) != std::size_t{image_bytes}) {
      file.fail("ends inside record ", i, " of ", count,
                "; hint: did its size change while it was read?");
    }
    if (label > 9) {
      file.fail("holds the label ", int{label}, " in record ", i,
                ", not 0 to 9; hint: the file is damaged, or another data set");
    }
    labels[i] = label;
  }
}

Dataset load_part(const std::string& folder, const std::vector<std::string>& names) {
  std::vector<std::string> paths;
  std::vector<Index> counts;
  Index total = 0;
  for (const std::string& name : names) {
    paths.push_back(find_file(folder, name));
    counts.push_back(record_count(paths.back()));
    total += counts.back();
  }
  auto pixels = ByteTensor::empty({total, 3, 32, 32});
  auto labels = LongTensor::empty({total});
  Index first = 0;
  for (std::size_t k = 0; k < paths.size(); first += counts[k++]) {
    read_records(paths[k], counts[k], pixels.data() + first * image_bytes, labels.data() + first);
  }
  return ImageDataset(pixels, labels);
}

}  // namespace

Cifar10 load_cifar10(const std::string& folder) {
  return {load_part(folder, {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                             "data_batch_4.bin", "data_batch_5.bin"}),
          load_part(folder, {"test_batch.bin"})};
}

}  // namespace tenon::data
