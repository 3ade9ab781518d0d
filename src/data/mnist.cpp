#include "tenon/data/mnist.hpp"

#include <algorithm>
#include <filesystem>

#include "tenon/data/idx.hpp"

namespace tenon::data {

namespace {

/// Which of the two sets, for messages and paths.
struct Names {
  const char* op;
  const char* folder;
};

std::string find_file(const Names& names, const std::string& folder, const std::string& part,
                      const std::string& kind) {
  const std::filesystem::path base(folder);
  for (const auto& place : {base, base / names.folder}) {
    for (const char* separator : {"-", "."}) {
      for (const char* ending : {"", ".gz"}) {
        const auto path = place / (part + separator + kind + ending);
        if (std::filesystem::is_regular_file(path)) return path.string();
      }
    }
  }
  detail::fail<IoError>(names.op, part, "-", kind, ".gz was found neither in ", folder, " nor in ",
                        (base / names.folder).string(), "; hint: scripts/download_data.sh --only ",
                        names.folder, " ", folder, " fetches it");
}

Dataset load_part(const Names& names, const std::string& folder, const std::string& part) {
  const std::string images_path = find_file(names, folder, part + "-images", "idx3-ubyte");
  const std::string labels_path = find_file(names, folder, part + "-labels", "idx1-ubyte");
  const ByteTensor images = load_idx<std::uint8_t>(images_path);
  const LongTensor labels = load_idx<std::int64_t>(labels_path);
  if (images.rank() != 3 || images.size(1) != 28 || images.size(2) != 28) {
    detail::fail<IoError>(names.op, images_path, ": holds the shape ", images.shape(),
                          ", not (N, 28, 28); hint: is it another data set?");
  }
  if (labels.rank() != 1 || labels.size(0) != images.size(0)) {
    detail::fail<IoError>(names.op, labels_path, ": holds labels of shape ", labels.shape(),
                          " for ", images.size(0),
                          " images; hint: the two files do not belong together");
  }
  const std::int64_t* label = labels.data();
  const auto wrong =
      std::find_if(label, label + labels.numel(), [](std::int64_t value) { return value > 9; });
  if (wrong != label + labels.numel()) {
    detail::fail<IoError>(names.op, labels_path, ": holds the label ", *wrong, " at position ",
                          wrong - label, ", not 0 to 9; hint: is it another data set?");
  }
  return ImageDataset(images.reshape({images.size(0), 1, 28, 28}), labels);
}

Mnist load(const Names& names, const std::string& folder) {
  return {load_part(names, folder, "train"), load_part(names, folder, "t10k")};
}

}  // namespace

Mnist load_mnist(const std::string& folder) { return load({"load_mnist", "mnist"}, folder); }

Mnist load_fashion_mnist(const std::string& folder) {
  return load({"load_fashion_mnist", "fashion-mnist"}, folder);
}

}  // namespace tenon::data
