#pragma once

#include <string>

#include "tenon/data/dataset.hpp"

namespace tenon::data {

/// The two parts of CIFAR-10: images (N, 3, 32, 32), red, green and blue in 0..1, and labels 0..9:
/// airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck.
struct Cifar10 {
  Dataset train;  ///< 50,000 images
  Dataset test;   ///< 10,000
};

/// Reads the six files of the binary version (data_batch_1.bin to data_batch_5.bin, test_batch.bin)
/// from folder or from folder/cifar-10-batches-bin; the pixels stay bytes in memory (184 MB).
///   file = records of 3,073 bytes: the label, then the 32 rows of red, of green and of blue
/// A file may hold any number of whole records above zero. scripts/download_data.sh fetches the
/// files. Throws IoError where one is missing, damaged or not what it should be.
/// Source: A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
TENON_API Cifar10 load_cifar10(const std::string& folder);

}  // namespace tenon::data
