#include "tenon/data/image_folder.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "data/image_file.hpp"
#include "data/image_resize.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/base/parallel.hpp"

namespace tenon::data {

namespace {

namespace fs = std::filesystem;

constexpr const char* folder_op = "image_folder";

void check(const ImageFolderOptions& options) {
  if (options.channels != 1 && options.channels != 3 && options.channels != 4) {
    detail::fail<ValueError>(folder_op, "channels is ", options.channels,
                             "; hint: 1 (grey), 3 (red, green, blue) or 4 (and how opaque)");
  }
  if (options.height < 0 || options.width < 0 || options.height > 65535 || options.width > 65535) {
    detail::fail<ValueError>(folder_op, "height is ", options.height, " and width is ",
                             options.width,
                             "; hint: 1 to 65535, or 0 for those of the first image");
  }
}

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

bool is_image(const fs::path& path) {
  std::string ending = path.extension().string();
  for (char& c : ending) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return ending == ".png" || ending == ".jpg" || ending == ".jpeg";
}

std::vector<std::string> find_classes(const std::string& root) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(root)) {
    if (entry.is_directory() && !is_hidden(entry.path())) {
      names.push_back(entry.path().filename().string());
    }
  }
  if (names.empty()) {
    detail::fail<IoError>(folder_op, root,
                          ": holds no folder; hint: one folder for each class, its images "
                          "inside");
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> find_images(const fs::path& folder) {
  std::vector<std::string> paths;
  for (auto entry = fs::recursive_directory_iterator(folder);
       entry != fs::recursive_directory_iterator(); ++entry) {
    if (is_hidden(entry->path())) {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file() && is_image(entry->path())) {
      paths.push_back(entry->path().string());
    }
  }
  if (paths.empty()) {
    detail::fail<IoError>(folder_op, folder.string(),
                          ": holds no .png, .jpg or .jpeg; hint: each folder is a class; move "
                          "others away");
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

/// How a file becomes bytes (channels, height, width).
class Decoder {
 public:
  Decoder(const ImageFolderOptions& options, const std::string& first) : options_(options) {
    if (options_.height > 0 && options_.width > 0) return;
    const detail::DecodedImage image = detail::decode_image(folder_op, first, options_.channels);
    if (options_.height == 0) options_.height = image.height;
    if (options_.width == 0) options_.width = image.width;
  }

  Shape shape() const { return {options_.channels, options_.height, options_.width}; }

  void decode(const std::string& path, std::uint8_t* out) const {
    const detail::DecodedImage image = detail::decode_image(folder_op, path, options_.channels);
    const bool fits = image.height == options_.height && image.width == options_.width;
    if (!fits && options_.resize == ImageResize::none) {
      detail::fail<IoError>(folder_op, path, ": has ", image.height, " x ", image.width,
                            " pixels (height x width), not ", options_.height, " x ",
                            options_.width, "; hint: resize = ImageResize::stretch, or crop");
    }
    const detail::ImageBox whole{0, 0, static_cast<double>(image.height),
                                 static_cast<double>(image.width)};
    const bool crops = options_.resize == ImageResize::crop;
    const detail::ImageBox box =
        crops ? detail::central_box(image.height, image.width, options_.height, options_.width)
              : whole;
    detail::resize_image(image, box, options_.height, options_.width, out);
  }

 private:
  ImageFolderOptions options_;
};

class FolderSource : public Source<Tensor, LongTensor> {
 public:
  FolderSource(std::vector<std::string> paths, LongTensor labels, const Decoder& decoder)
      : paths_(std::move(paths)), labels_(std::move(labels)), decoder_(decoder) {}

  Index size() const override { return labels_.size(0); }
  Shape input_shape() const override { return decoder_.shape(); }
  Shape label_shape() const override { return {}; }

  void read(const Index* positions, Index count, float* inputs,
            std::int64_t* labels) const override {
    const Index pixels = input_shape().numel();
    // Each image writes its own part of inputs.
    parallel_with_scratch<std::uint8_t>(
        count, 1, pixels, [&](std::uint8_t* bytes, Index begin, Index end) {
          for (Index i = begin; i < end; ++i) {
            decoder_.decode(paths_[static_cast<std::size_t>(positions[i])], bytes);
            for (Index p = 0; p < pixels; ++p) {
              inputs[i * pixels + p] = static_cast<float>(bytes[p]) / 255;
            }
          }
        });
    read_labels(positions, count, labels);
  }

  void read_labels(const Index* positions, Index count, std::int64_t* labels) const override {
    for (Index i = 0; i < count; ++i) labels[i] = labels_(positions[i]);
  }

 private:
  std::vector<std::string> paths_;
  LongTensor labels_;
  Decoder decoder_;
};

Dataset decode_all(const std::vector<std::string>& paths, const LongTensor& labels,
                   const Decoder& decoder) {
  Shape shape = decoder.shape();
  const Index pixels = shape.numel();
  shape.insert(0, labels.size(0));
  auto images = ByteTensor::empty(shape);
  std::uint8_t* bytes = images.data();
  parallel_for(labels.size(0), 1, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      decoder.decode(paths[static_cast<std::size_t>(i)], bytes + i * pixels);
    }
  });
  return ImageDataset(images, labels);
}

}  // namespace

ImageFolder image_folder(const std::string& root, const ImageFolderOptions& options) {
  check(options);
  std::vector<std::string> classes, paths;
  std::vector<std::int64_t> ids;
  try {
    classes = find_classes(root);
    for (std::size_t i = 0; i < classes.size(); ++i) {
      for (std::string& path : find_images(fs::path(root) / classes[i])) {
        paths.push_back(std::move(path));
        ids.push_back(static_cast<std::int64_t>(i));
      }
    }
  } catch (const fs::filesystem_error& error) {
    detail::fail<IoError>(folder_op, error.path1().string(),
                          ": cannot be read: ", error.code().message());
  }
  auto labels = LongTensor::empty({static_cast<Index>(ids.size())});
  std::copy(ids.begin(), ids.end(), labels.data());
  const Decoder decoder(options, paths[0]);
  if (options.in_memory) {
    return {decode_all(paths, labels, decoder), std::move(classes), std::move(paths)};
  }
  auto source = std::make_shared<FolderSource>(paths, std::move(labels), decoder);
  return {Dataset(std::move(source)), std::move(classes), std::move(paths)};
}

}  // namespace tenon::data
