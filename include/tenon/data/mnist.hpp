#pragma once

#include <string>

#include "tenon/data/dataset.hpp"

namespace tenon::data {

/// The two parts of MNIST or Fashion-MNIST: images (N, 1, 28, 28) in 0..1, labels 0..9.
struct Mnist {
  Dataset train;  ///< 60,000 images
  Dataset test;   ///< 10,000
};

/// Reads the four IDX files (compressed or not) from folder or from folder/mnist; the pixels stay
/// bytes in memory (55 MB). scripts/download_data.sh fetches the files. Throws IoError where one is
/// missing, damaged or not what it should be.
/// Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits".
TENON_API Mnist load_mnist(const std::string& folder);

/// The same for Fashion-MNIST, from folder or folder/fashion-mnist.
/// Source: Xiao, Rasul, Vollgraf, "Fashion-MNIST", arXiv:1708.07747.
TENON_API Mnist load_fashion_mnist(const std::string& folder);

}  // namespace tenon::data
