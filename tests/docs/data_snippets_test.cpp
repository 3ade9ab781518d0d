// The code of docs/data.md: each region between [name] and [/name] is quoted there, and runs here.

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <tenon/tenon.hpp>

#include "catch.hpp"
#include "data/image_file.hpp"
#include "temporary_folder.hpp"

using namespace tenon;

TEST_CASE("the data page's way from a table to a trained net", "[docs]") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("iris.csv"), other_path = folder.file("other.csv");
  test::write_bytes(path,
                    "length,colour,species\n5.1,red,setosa\n4.9,blue,virginica\n6,red,setosa\n"
                    "5.5,blue,virginica\n");
  test::write_bytes(other_path, "length,colour\n5.0,blue\n");

  // [csv]
  data::CsvTable table = data::load_csv(path, {.target = "species"});
  data::TensorDataset flowers(table.x, table.labels());  // x (N, C), labels (N)
  std::string first = table.columns.target->categories[0];
  // [/csv]
  REQUIRE(first == "setosa");
  REQUIRE(flowers.size() == 4);

  // [csv-like]
  data::CsvTable unseen = data::load_csv(other_path, {.like = &table.columns});
  // [/csv-like]
  REQUIRE(equal(unseen.x, tensor({{5.0, 0}})));

  // [splits]
  auto [train, held_out] = data::stratified_split(flowers, 2, 42);  // 2 samples, and the rest
  for (const auto& [rest, part] : data::stratified_k_fold(flowers, 2, 42)) {
    REQUIRE(rest.size() + part.size() == 4);  // train on rest, test on part
  }
  // [/splits]
  REQUIRE(train.labels()(0) + train.labels()(1) == 1);
  REQUIRE(held_out.size() == 2);

  // [scaler]
  Tensor x = train.all().inputs;
  nn::Sequential net{nn::StandardScaler(2).fit(x), nn::Linear(2, 16), nn::ReLU(),
                     nn::Linear(16, 2)};
  io::save(net, folder.file("net.safetensors"));
  // [/scaler]
  nn::Sequential same{nn::StandardScaler(2), nn::Linear(2, 16), nn::ReLU(), nn::Linear(16, 2)};
  io::load(same, folder.file("net.safetensors"));
  REQUIRE(equal(same(x), net(x)));

  // [balance]
  data::Dataset even = data::balanced(train, 42);        // positions of rare classes repeated
  Tensor weights = data::class_weights(train.labels());  // N / (C n_c), as scikit-learn's
  // [/balance]
  REQUIRE(even.size() == 2);
  REQUIRE(equal(weights, ones({2})));
}

TEST_CASE("the data page's images", "[docs]") {
  if (!detail::has_image_decoder()) TENON_TEST_SKIP("built without stb_image");
  const test::TemporaryFolder folder;
  const std::string root = folder.path(), images = TENON_TEST_DATA_DIR "/images/";
  for (const std::string name : {"daisy", "rose"}) {
    std::filesystem::create_directory(folder.file(name));
    std::filesystem::copy_file(images + "photo.jpg", folder.file(name + "/1.jpg"));
    std::filesystem::copy_file(images + "colours.png", folder.file(name + "/2.png"));
  }
  // [image-folder]
  data::ImageFolder flowers = data::image_folder(root, {.height = 32, .width = 32});
  data::DataLoader loader(flowers.dataset, {.batch_size = 2, .shuffle = true, .prefetch = 2});
  // [/image-folder]
  REQUIRE(flowers.classes[1] == "rose");

  nn::Sequential net{nn::Flatten(), nn::Linear(3 * 32 * 32, 2)};
  Index steps = 0;
  // [augment]
  const data::Compose augment(data::RandomCrop{.padding = 4}, data::RandomHorizontalFlip{},
                              data::Normalize{{0.49, 0.48, 0.45}, {0.25, 0.24, 0.26}});
  Generator generator(42);
  for (auto& [batch, labels] : loader) {
    augment(batch, generator.next());
    Tensor targets = one_hot<float>(labels, 2);
    data::mixup(batch, targets, 0.2, generator.next());
    Tensor loss = cross_entropy(net(batch), targets);
    steps += std::isfinite(loss.item());
  }
  // [/augment]
  REQUIRE(steps == 2);

  // [positions]
  for (auto& [batch, labels] : loader) {
    if (std::isfinite(sum(net(batch)).item())) continue;
    for (Index i : loader.positions()) {
      std::printf("%s\n", flowers.paths[static_cast<std::size_t>(i)].c_str());
    }
  }
  // [/positions]
}
