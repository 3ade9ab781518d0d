#include "nn/module_path.hpp"
#include "report.hpp"

namespace tenon::detail {
namespace {

template <class T>
class LayerCollector : public PathVisitor<T> {
 public:
  std::vector<NamedLayer> found;

 private:
  void on_module(std::string_view name, nn::BasicModule<T>& module) override {
    found.push_back({&module, this->path(name), module.description()});
    PathVisitor<T>::on_module(name, module);
  }
};

}  // namespace

template <class T>
std::vector<NamedLayer> named_layers(const nn::BasicModule<T>& net) {
  LayerCollector<T> collector;
  collector.found.push_back({&net, "", net.description()});
  // visit() hands out members for writing, but nothing is written here.
  const_cast<nn::BasicModule<T>&>(net).visit(collector);
  return std::move(collector.found);
}

template std::vector<NamedLayer> named_layers(const nn::BasicModule<float>&);
template std::vector<NamedLayer> named_layers(const nn::BasicModule<double>&);

}  // namespace tenon::detail
