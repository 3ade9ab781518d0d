#pragma once

#include <string>
#include <vector>

#include "tenon/data/dataset.hpp"

namespace tenon::data {

/// What is done to images of another size than the wanted one. Resizing is bilinear; where an image
/// becomes smaller, each pixel is an average over all that it covers.
enum class ImageResize {
  none,     ///< an error
  stretch,  ///< to the wanted size, whatever that does to the proportions
  crop      ///< proportions are kept: the largest part of the wanted proportions, around the centre
};

struct ImageFolderOptions {
  Index height = 0;    ///< 0: that of the first image
  Index width = 0;     ///< 0: that of the first image
  Index channels = 3;  ///< 1: grey; 3: red, green, blue; 4: and how opaque
  ImageResize resize = ImageResize::stretch;
  bool in_memory = false;  ///< decode all images now and keep their bytes
};

/// Images sorted into folders.
struct ImageFolder {
  Dataset dataset;                   ///< images (channels, height, width) in 0..1, and classes
  std::vector<std::string> classes;  ///< the folders' names: what label 0, 1, ... means
  std::vector<std::string> paths;    ///< the file of each sample
};

/// Reads root/<class>/.../<name>.png, .jpg and .jpeg. Classes are numbered in the order of their
/// folders' names, samples stand in the order of class and path, whatever the file system says;
/// names that begin with a dot count for nothing.
///   auto [train, classes, paths] = data::image_folder("flowers", {.height = 64, .width = 64});
/// A file is decoded, on several threads, each time that a batch asks for it, unless all are kept
/// in memory. Grey images get three equal channels where three are wanted; 16 bits become 8;
/// opacity and a camera's orientation are ignored. Throws IoError for a folder or file that is
/// missing, damaged, or not what its name says, here or where the batch is read; ValueError for an
/// option out of range, and where Tenon was built without its decoder, stb_image (Debian:
/// libstb-dev). The order of classes is that of torchvision.datasets.ImageFolder.
TENON_API ImageFolder image_folder(const std::string& root, const ImageFolderOptions& options = {});

}  // namespace tenon::data
