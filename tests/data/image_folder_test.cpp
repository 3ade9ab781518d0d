#include "tenon/data/image_folder.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "catch.hpp"
#include "data/image_file.hpp"
#include "data/image_resize.hpp"
#include "temporary_folder.hpp"
#include "tenon/base/error.hpp"
#include "tenon/base/parallel.hpp"
#include "tenon/data/dataloader.hpp"
#include "tenon/io/safetensors.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;
using data::image_folder;
using data::ImageResize;

#define REQUIRE_DECODER() \
  if (!detail::has_image_decoder()) TENON_TEST_SKIP("built without stb_image")

namespace {

namespace fs = std::filesystem;

const std::string images = TENON_TEST_DATA_DIR "/images/";

/// A folder of folders of images.
struct Tree {
  void add(const std::string& image, const std::string& as) const {
    const fs::path to = fs::path(folder.path()) / as;
    fs::create_directories(to.parent_path());
    fs::copy_file(images + image, to);
  }
  void write(const std::string& bytes, const std::string& as) const {
    const fs::path to = fs::path(folder.path()) / as;
    fs::create_directories(to.parent_path());
    write_bytes(to.string(), bytes);
  }
  std::string root() const { return folder.path(); }
  TemporaryFolder folder;
};

/// Two classes, files in an order that is not that of their making.
struct SmallTree : Tree {
  SmallTree() {
    add("colours.png", "zebra/b.png");
    add("palette.png", "zebra/a.PNG");
    add("photo.jpg", "ant/x.jpg");
    add("grey.jpg", "ant/deep/down/y.JPEG");
    write("not an image", "ant/notes.txt");
    write("not an image", "ant/._x.jpg");
    write("not an image", "read.me");
    add("grey.png", ".hidden/a.png");
  }
};

std::vector<std::int64_t> labels_of(const data::Dataset& dataset) {
  const LongTensor labels = dataset.labels();
  return {labels.data(), labels.data() + labels.numel()};
}

/// Largest difference, in steps of a byte, between a decoded file and what Pillow made of it.
int distance(const std::string& name, const ByteTensor& expected) {
  const auto image = detail::decode_image("test", images + name, 3);
  if (!(expected.shape() == Shape{image.height, image.width, 3})) return 1000;
  int worst = 0;
  for (Index i = 0; i < expected.numel(); ++i) {
    worst = std::max(worst, std::abs(int{image.pixels.get()[i]} - int{expected.data()[i]}));
  }
  return worst;
}

/// The formula of resize_image(), one output at a time, all pixels of the image asked.
double resized_at(const detail::DecodedImage& image, const detail::ImageBox& box, Index height,
                  Index width, Index c, Index y, Index x) {
  const auto weight = [](double start, double length, Index size, Index out, Index in) {
    const double s = length / static_cast<double>(size);
    const double centre = start + (static_cast<double>(out) + 0.5) * s;
    return std::max(0.0, 1 - std::abs(static_cast<double>(in) + 0.5 - centre) / std::max(1.0, s));
  };
  double sum = 0, weights = 0;
  for (Index i = 0; i < image.height; ++i) {
    for (Index k = 0; k < image.width; ++k) {
      const double w =
          weight(box.top, box.height, height, y, i) * weight(box.left, box.width, width, x, k);
      sum += w * image.pixels.get()[(i * image.width + k) * image.channels + c];
      weights += w;
    }
  }
  return sum / weights;
}

}  // namespace

TEST_CASE("Files are decoded as Pillow decodes them", "[data][image_folder]") {
  REQUIRE_DECODER();
  const auto expected = io::load_safetensors(images + "expected.safetensors");
  for (const char* name : {"colours.png", "palette.png", "grey.png", "alpha.png", "deep.png"}) {
    CAPTURE(name);
    CHECK(distance(name, expected[name].as<std::uint8_t>()) == 0);
  }
  // Where a decoder of JPEG rounds, and how it widens colours, is its own affair.
  for (const char* name : {"photo.jpg", "progressive.jpg", "grey.jpg"}) {
    CAPTURE(name);
    CHECK(distance(name, expected[name].as<std::uint8_t>()) <= 4);
  }
}

TEST_CASE("Resizing is Pillow's bilinear filter, rounded once", "[data][image_folder]") {
  REQUIRE_DECODER();
  const auto expected = io::load_safetensors(images + "expected.safetensors");
  const auto image = detail::decode_image("test", images + "colours.png", 3);
  for (const auto& [height, width] :
       {std::pair<Index, Index>{10, 10}, {80, 60}, {17, 45}, {1, 1}}) {
    CAPTURE(height, width);
    ByteTensor out = ByteTensor::empty({3, height, width});
    detail::resize_image(image, {0, 0, 12, 17}, height, width, out.data());
    const ByteTensor pillow =
        expected["colours.png." + std::to_string(height) + "x" + std::to_string(width)]
            .as<std::uint8_t>();
    int worst = 0;
    for (Index c = 0; c < 3; ++c) {
      for (Index y = 0; y < height; ++y) {
        for (Index x = 0; x < width; ++x) {
          worst = std::max(worst, std::abs(int{out(c, y, x)} - int{pillow(y, x, c)}));
        }
      }
    }
    CHECK(worst <= 1);  // Pillow rounds between the two axes, too
  }
}

TEST_CASE("Resizing follows its formula for any box", "[data][image_folder]") {
  REQUIRE_DECODER();
  const auto image = detail::decode_image("test", images + "alpha.png", 4);
  const detail::ImageBox boxes[] = {
      {0, 0, 12, 17}, {2, 3, 5, 7}, {0.5, 0, 11, 17}, {3.25, 8.75, 0.5, 4}};
  for (const auto& box : boxes) {
    for (const auto& [height, width] :
         {std::pair<Index, Index>{5, 3}, {12, 17}, {31, 20}, {1, 40}}) {
      CAPTURE(box.top, box.left, box.height, box.width, height, width);
      ByteTensor out = ByteTensor::empty({4, height, width});
      detail::resize_image(image, box, height, width, out.data());
      double worst = 0;
      for (Index c = 0; c < 4; ++c) {
        for (Index y = 0; y < height; ++y) {
          for (Index x = 0; x < width; ++x) {
            const double wanted = resized_at(image, box, height, width, c, y, x);
            worst = std::max(worst, std::abs(wanted - double{static_cast<double>(out(c, y, x))}));
          }
        }
      }
      CHECK(worst <= 0.5001);
    }
  }
}

TEST_CASE("The central box has the wanted proportions", "[data][image_folder]") {
  const auto wide = detail::central_box(10, 40, 5, 5);
  CHECK(wide.top == 0);
  CHECK(wide.left == 15);
  CHECK(wide.height == 10);
  CHECK(wide.width == 10);
  const auto tall = detail::central_box(40, 10, 5, 10);
  CHECK(tall.top == 17.5);
  CHECK(tall.left == 0);
  CHECK(tall.height == 5);
  CHECK(tall.width == 10);
}

TEST_CASE("A folder of folders becomes classes in the order of their names",
          "[data][image_folder][tiny]") {
  REQUIRE_DECODER();
  const SmallTree tree;
  const auto [dataset, classes, paths] = image_folder(tree.root(), {.height = 12, .width = 17});
  CHECK(classes == std::vector<std::string>{"ant", "zebra"});
  REQUIRE(paths.size() == 4);
  CHECK(paths[0].ends_with("ant/deep/down/y.JPEG"));
  CHECK(paths[1].ends_with("ant/x.jpg"));
  CHECK(paths[2].ends_with("zebra/a.PNG"));
  CHECK(paths[3].ends_with("zebra/b.png"));
  CHECK(labels_of(dataset) == std::vector<std::int64_t>{0, 0, 1, 1});
  CHECK(dataset.input_shape() == Shape{3, 12, 17});
  CHECK(dataset.label_shape() == Shape{});

  // Of the right size: pixel by pixel what is in the file.
  const auto batch = dataset.batch(3, 4);
  const auto image = detail::decode_image("test", paths[3], 3);
  CHECK(batch.labels(0) == 1);
  for (Index c = 0; c < 3; ++c) {
    for (Index i = 0; i < 12 * 17; ++i) {
      REQUIRE(batch.inputs(0, c, i / 17, i % 17) ==
              static_cast<float>(image.pixels.get()[i * 3 + c]) / 255);
    }
  }
}

TEST_CASE("Images kept in memory are those that are decoded each time", "[data][image_folder]") {
  REQUIRE_DECODER();
  const SmallTree tree;
  for (const auto resize : {ImageResize::stretch, ImageResize::crop}) {
    for (const Index channels : {1, 3, 4}) {
      data::ImageFolderOptions options{
          .height = 9, .width = 14, .channels = channels, .resize = resize};
      const auto lazy = image_folder(tree.root(), options);
      options.in_memory = true;
      const auto kept = image_folder(tree.root(), options);
      CHECK(lazy.dataset.input_shape() == Shape{channels, 9, 14});
      CHECK(equal(lazy.dataset.all().inputs, kept.dataset.all().inputs));
      CHECK(equal(lazy.dataset.all().labels, kept.dataset.all().labels));
      CHECK(lazy.paths == kept.paths);
      for (const int threads : {1, 2, 8}) {
        const ThreadScope scope(threads);
        CHECK(equal(lazy.dataset.all().inputs, kept.dataset.all().inputs));
      }
    }
  }
}

TEST_CASE("Without a size that of the first image counts", "[data][image_folder]") {
  REQUIRE_DECODER();
  Tree tree;
  tree.add("photo.jpg", "a/1.jpg");
  tree.add("colours.png", "b/2.png");
  CHECK(image_folder(tree.root()).dataset.input_shape() == Shape{3, 40, 30});
  CHECK(image_folder(tree.root(), {.height = 5}).dataset.input_shape() == Shape{3, 5, 30});
  const auto strict = image_folder(tree.root(), {.resize = ImageResize::none});
  CHECK(strict.dataset.batch(0, 1).inputs.shape() == Shape{1, 3, 40, 30});
  CHECK_THAT(message_of<IoError>([&] { strict.dataset.all(); }),
             ContainsSubstring("b/2.png: has 12 x 17 pixels (height x width), not 40 x 30; hint: "
                               "resize = ImageResize::stretch, or crop"));
}

TEST_CASE("A loader decodes images ahead", "[data][image_folder]") {
  REQUIRE_DECODER();
  const SmallTree tree;
  const auto folder = image_folder(tree.root(), {.height = 8, .width = 8});
  const Tensor images_of_all = folder.dataset.all().inputs;
  data::DataLoader loader(folder.dataset,
                          {.batch_size = 3, .shuffle = true, .seed = 1, .prefetch = 2});
  Index seen = 0;
  for (int epoch = 0; epoch < 2; ++epoch) {
    for (auto& [x, y] : loader) {
      for (Index i = 0; i < y.size(0); ++i, ++seen) {
        CHECK(equal(x[i], images_of_all[loader.positions()[static_cast<std::size_t>(i)]]));
      }
    }
  }
  CHECK(seen == 8);
}

TEST_CASE("A damaged image is named where its batch is read", "[data][image_folder]") {
  REQUIRE_DECODER();
  Tree tree;
  tree.add("colours.png", "a/1.png");
  std::string bytes = read_bytes(images + "colours.png");
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  tree.write(bytes, "a/2.png");
  tree.write(read_bytes(images + "photo.jpg").substr(0, 500), "a/3.jpg");
  tree.write("", "a/4.jpg");
  tree.write("GIF89a", "a/5.png");
  const auto folder = image_folder(tree.root());
  const auto said = [&](Index i) {
    return message_of<IoError>([&] { folder.dataset.batch(i, i + 1); });
  };
  CHECK(said(0).empty());
  CHECK(said(1) == "[image_folder] " + folder.paths[1] +
                       ": is no PNG or JPEG that can be decoded: a check sum is wrong; hint: the "
                       "file is damaged, or another kind of file");
  for (const Index i : {2, 3, 4}) {
    CAPTURE(i);
    CHECK_THAT(said(i), ContainsSubstring(folder.paths[static_cast<std::size_t>(i)] +
                                          ": is no PNG or JPEG that can be decoded: "));
  }
  // The first one in the batch's order is named, however many threads read.
  CHECK_THAT(message_of<IoError>([&] { folder.dataset.all(); }), ContainsSubstring("a/2.png"));
  CHECK_THAT(message_of<IoError>([&] { image_folder(tree.root(), {.in_memory = true}); }),
             ContainsSubstring("a/2.png"));
  fs::remove(folder.paths[0]);
  CHECK_THAT(said(0), ContainsSubstring("a/1.png: cannot be opened"));
}

TEST_CASE("A tiny file cannot have gigabytes of memory taken", "[data][image_folder]") {
  REQUIRE_DECODER();
  // A JPEG that begins as photo.jpg, of 65,535 x 65,535 pixels.
  std::string bytes = read_bytes(images + "photo.jpg");
  const std::size_t frame = bytes.find("\xFF\xC0");
  REQUIRE(frame != std::string::npos);
  for (std::size_t i = 5; i < 9; ++i) bytes[frame + i] = '\xFF';
  const TemporaryFolder folder;
  write_bytes(folder.file("x.jpg"), bytes);
  CHECK_THAT(message_of<IoError>([&] { detail::decode_image("test", folder.file("x.jpg"), 3); }),
             ContainsSubstring("x.jpg: claims 65535 x 65535 pixels, more than its "));
}

TEST_CASE("Image folders that cannot be are refused", "[data][image_folder]") {
  const Tree tree;
  CHECK_THAT(message_of<IoError>([&] { image_folder(tree.folder.file("none")); }),
             ContainsSubstring("none: cannot be read: No such file or directory"));
  CHECK_THAT(message_of<IoError>([&] { image_folder(tree.root()); }),
             ContainsSubstring(": holds no folder; hint: one folder for each class"));
  tree.write("x", "a/x.gif");
  CHECK_THAT(message_of<IoError>([&] { image_folder(tree.root()); }),
             ContainsSubstring("/a: holds no .png, .jpg or .jpeg; hint: each folder is a class"));
  CHECK_THAT(message_of<ValueError>([&] { image_folder(tree.root(), {.channels = 2}); }),
             ContainsSubstring("[image_folder] channels is 2; hint: 1 (grey), 3"));
  CHECK_THAT(message_of<ValueError>([&] { image_folder(tree.root(), {.height = -1}); }),
             ContainsSubstring("height is -1 and width is 0; hint: 1 to 65535, or 0"));
}

TEST_CASE("Without its decoder the reader names the package", "[data][image_folder]") {
  if (detail::has_image_decoder()) TENON_TEST_SKIP("built with stb_image");
  const SmallTree tree;
  CHECK_THAT(message_of<ValueError>([&] { image_folder(tree.root()); }),
             ContainsSubstring("built without stb_image; hint: install it (Debian and Ubuntu: "
                               "libstb-dev)"));
}
