// What can be asked of a module through its visit(): names, parameters, counts, text.

#include <algorithm>
#include <ostream>
#include <set>

#include "module_path.hpp"
#include "tenon/base/error.hpp"
#include "tenon/nn/module.hpp"

namespace tenon::nn {
namespace {

template <class T>
class ParameterCollector : public detail::PathVisitor<T> {
 public:
  std::vector<BasicNamedParameter<T>> found;

 private:
  void on_parameter(std::string_view name, BasicParameter<T>& parameter) override {
    if (!parameter.defined()) {
      detail::fail<ValueError>("parameters", "the parameter '", this->path(name),
                               "' has no values; hint: give it some before it is used, and don't "
                               "visit() the module after it was moved from");
    }
    if (seen_.insert(parameter.impl()).second) found.push_back({this->path(name), &parameter});
  }
  std::set<const void*> seen_;
};

template <class T>
class TensorCollector : public detail::PathVisitor<T> {
 public:
  std::vector<BasicNamedTensor<T>> found;

 private:
  void on_parameter(std::string_view name, BasicParameter<T>& parameter) override {
    add(name, parameter, false);
  }
  void on_buffer(std::string_view name, BasicTensor<T>& tensor) override {
    add(name, tensor, true);
  }
  void add(std::string_view name, const BasicTensor<T>& tensor, bool is_buffer) {
    std::string path = this->path(name);
    if (!tensor.defined()) {
      detail::fail<ValueError>("named_tensors", "'", path,
                               "' has no values; hint: give it some "
                               "before the module is saved or loaded, and don't visit() it after "
                               "it was moved from");
    }
    if (!names_.insert(path).second) {
      detail::fail<ValueError>("named_tensors", "visit() gives the name '", path,
                               "' twice; hint: name every member of a module differently");
    }
    found.push_back({std::move(path), tensor, is_buffer});
  }
  std::set<std::string> names_;
};

template <class T>
class PathFinder : public detail::PathVisitor<T> {
 public:
  explicit PathFinder(const void* module) : module_(module) {}
  std::string found;

 private:
  void on_module(std::string_view name, BasicModule<T>& module) override {
    if (!found.empty()) return;
    if (&module == module_) {
      found = this->path(name);
    } else {
      detail::PathVisitor<T>::on_module(name, module);
    }
  }
  const void* module_;
};

// Lists one module's own layers; what is inside those is text by then.
template <class T>
class Printer : public detail::PathVisitor<T> {
 public:
  static std::string print(BasicModule<T>& module, std::size_t depth) {
    Printer inside(depth + 1);
    module.visit(inside);
    if (inside.text_.empty()) return module.description();
    return module.name() + "(\n" + inside.text_ + std::string(2 * depth, ' ') + ")";
  }

 private:
  explicit Printer(std::size_t depth) : depth_(depth) {}
  void on_module(std::string_view name, BasicModule<T>& module) override {
    text_ += std::string(2 * depth_, ' ') + "(" + this->path(name) + "): ";
    text_ += print(module, depth_) + "\n";
  }

  std::size_t depth_;
  std::string text_;
};

// visit() hands out members for writing, but none of the visitors here writes.
template <class T>
BasicModule<T>& visitable(const BasicModule<T>& module) {
  return const_cast<BasicModule<T>&>(module);
}

}  // namespace

template <class T>
std::vector<BasicNamedParameter<T>> named_parameters(BasicModule<T>& module) {
  ParameterCollector<T> collector;
  module.visit(collector);
  return std::move(collector.found);
}

template <class T>
std::vector<BasicParameter<T>*> parameters(BasicModule<T>& module) {
  std::vector<BasicParameter<T>*> list;
  for (const auto& entry : named_parameters(module)) list.push_back(entry.parameter);
  return list;
}

template <class T>
std::vector<BasicNamedTensor<T>> named_tensors(BasicModule<T>& module) {
  TensorCollector<T> collector;
  module.visit(collector);
  return std::move(collector.found);
}

template <class T>
Index count_parameters(const BasicModule<T>& module) {
  Index count = 0;
  for (const auto& entry : named_parameters(visitable(module))) count += entry.parameter->numel();
  return count;
}

template <class T>
std::string to_string(const BasicModule<T>& module) {
  return Printer<T>::print(visitable(module), 0);
}

template <class T>
std::ostream& operator<<(std::ostream& out, const BasicModule<T>& module) {
  return out << to_string(module);
}

#define TENON_INSTANTIATE(T)                                                      \
  template std::vector<BasicNamedParameter<T>> named_parameters(BasicModule<T>&); \
  template std::vector<BasicParameter<T>*> parameters(BasicModule<T>&);           \
  template std::vector<BasicNamedTensor<T>> named_tensors(BasicModule<T>&);       \
  template Index count_parameters(const BasicModule<T>&);                         \
  template std::string to_string(const BasicModule<T>&);                          \
  template std::ostream& operator<<(std::ostream&, const BasicModule<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::nn

namespace tenon::detail {

template <class T>
std::string path_of(nn::BasicModule<T>& root, const void* module) {
  nn::PathFinder<T> finder(module);
  root.visit(finder);
  return finder.found;
}

template std::string path_of(nn::BasicModule<float>&, const void*);
template std::string path_of(nn::BasicModule<double>&, const void*);

}  // namespace tenon::detail
