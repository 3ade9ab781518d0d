#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/nn/module.hpp"

namespace tenon::detail {

/// Keeps the dotted path of what is being visited.
template <class T>
class PathVisitor : public nn::BasicVisitor<T> {
 protected:
  void enter(std::string_view name) override {
    lengths_.push_back(path_.size());
    if (!path_.empty()) path_ += '.';
    path_ += name;
  }
  void leave() override {
    path_.resize(lengths_.back());
    lengths_.pop_back();
  }
  std::string path(std::string_view name) const {
    return path_.empty() ? std::string(name) : path_ + '.' + std::string(name);
  }

 private:
  std::string path_;
  std::vector<std::size_t> lengths_;  // of the paths around it
};

/// The path of the module at that address inside root, "" where visit() does not lead to it.
template <class T>
std::string path_of(nn::BasicModule<T>& root, const void* module);

}  // namespace tenon::detail
