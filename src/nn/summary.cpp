#include "tenon/nn/summary.hpp"

#include <algorithm>
#include <map>
#include <ostream>
#include <set>

#include "base/count_text.hpp"
#include "base/profile_recorder.hpp"
#include "module_path.hpp"
#include "tenon/autograd/tape.hpp"
#include "tenon/base/random.hpp"
#include "tenon/nn/relu.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::detail {
namespace {

using nn::LayerSummary;
using nn::ModelSummary;

constexpr std::size_t none = static_cast<std::size_t>(-1);

/// Lists the layers of a net, and what is theirs.
template <class T>
class Layers : public PathVisitor<T> {
 public:
  explicit Layers(nn::BasicModule<T>& net) {
    add(net, "");
    open_.push_back(0);
    net.visit(*this);
  }

  std::vector<LayerSummary> found;
  std::vector<nn::BasicModule<T>*> modules;
  std::vector<std::size_t> before;  // the layer before it in the same one
  Index long_values = 0;            // among the buffers

 private:
  void add(nn::BasicModule<T>& module, std::string path) {
    LayerSummary layer;
    layer.path = std::move(path);
    layer.description = module.description();
    layer.depth = static_cast<int>(open_.size());
    found.push_back(std::move(layer));
    modules.push_back(&module);
    before.push_back(last_inside_.empty() ? none : last_inside_.back());
    last_inside_.push_back(none);
  }
  void on_module(std::string_view name, nn::BasicModule<T>& module) override {
    const std::size_t i = found.size();
    found[open_.back()].has_layers = true;
    add(module, this->path(name));
    open_.push_back(i);
    PathVisitor<T>::on_module(name, module);
    open_.pop_back();
    last_inside_.pop_back();
    last_inside_.back() = i;
  }
  void on_parameter(std::string_view, nn::BasicParameter<T>& parameter) override {
    if (!parameter.defined() || !seen_.insert(parameter.impl()).second) return;
    found[open_.back()].parameters += parameter.numel();
  }
  void on_buffer(std::string_view, BasicTensor<T>& buffer) override {
    if (buffer.defined()) found[open_.back()].buffers += buffer.numel();
  }
  void on_long_buffer(std::string_view, LongTensor& buffer) override {
    if (!buffer.defined()) return;
    found[open_.back()].buffers += buffer.numel();
    long_values += buffer.numel();
  }

  std::vector<std::size_t> open_, last_inside_;
  std::set<const void*> seen_;
};

/// Evaluation mode while it lives; every layer then has its own mode again.
template <class T>
class InEvaluation {
 public:
  explicit InEvaluation(const std::vector<nn::BasicModule<T>*>& modules) : modules_(modules) {
    for (const auto* module : modules) was_training_.push_back(module->is_training());
    // Not for nothing: a change of mode drops what layers have prepared.
    if (is_any_training()) modules.front()->eval();
  }
  ~InEvaluation() {
    if (!is_any_training()) return;
    // A mode reaches everything inside, so that the innermost has the last word.
    for (std::size_t i = 0; i < modules_.size(); ++i) {
      if (modules_[i]->is_training() != was_training_[i]) modules_[i]->train(was_training_[i]);
    }
  }
  InEvaluation(const InEvaluation&) = delete;
  InEvaluation& operator=(const InEvaluation&) = delete;

 private:
  bool is_any_training() const {
    return std::find(was_training_.begin(), was_training_.end(), true) != was_training_.end();
  }
  const std::vector<nn::BasicModule<T>*>& modules_;
  std::vector<bool> was_training_;
};

class KeptGenerator {
 public:
  KeptGenerator() : state_(default_generator().state()) {}
  ~KeptGenerator() { default_generator().set_state(state_); }
  KeptGenerator(const KeptGenerator&) = delete;
  KeptGenerator& operator=(const KeptGenerator&) = delete;

 private:
  RandomKey state_;
};

/// Sorts what the recorder has seen into the layers. What ran in none of them is the net's.
template <class T>
void sort(const std::vector<ProfileContext>& contexts, Layers<T>& layers) {
  std::map<const void*, std::size_t> places;
  for (std::size_t i = 0; i < layers.modules.size(); ++i) places[layers.modules[i]] = i;
  std::vector<std::size_t> layer_of(contexts.size(), 0);
  for (std::size_t i = 1; i < contexts.size(); ++i) {
    const ProfileContext& c = contexts[i];
    layer_of[i] = layer_of[static_cast<std::size_t>(c.parent)];
    const auto place = c.kind == ProfileKind::layer ? places.find(c.key) : places.end();
    if (place != places.end()) layer_of[i] = place->second;
    LayerSummary& layer = layers.found[layer_of[i]];
    layer.flops += c.float_flops + c.double_flops;
    if (place == places.end() || c.outputs == 0) continue;
    layer.calls += c.outputs;
    layer.output = c.output;
    layer.has_output = true;
  }
  // A ReLU that was not called is part of the layer before it, or of the pooling behind it: either
  // way it gives the shape that it was given.
  for (std::size_t i = 0; i < layers.found.size(); ++i) {
    const bool is_relu = dynamic_cast<nn::BasicReLU<T>*>(layers.modules[i]) != nullptr;
    if (layers.found[i].has_output || !is_relu || layers.before[i] == none) continue;
    layers.found[i].has_output = layers.found[layers.before[i]].has_output;
    layers.found[i].output = layers.found[layers.before[i]].output;
  }
}

std::string bytes_text(Index bytes) {
  const char* const units[] = {"B", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  int unit = 0;
  for (; value >= 1000 && unit < 4; ++unit) value /= 1000;
  std::string text = std::to_string(value);
  text.resize(text.find('.') + (unit == 0 ? 0 : 2));
  return text + " " + units[unit];
}

using Cells = std::vector<std::string>;

Cells line_of(const LayerSummary& layer) {
  const auto number = [](Index count) { return count == 0 ? "-" : detail::count_text(count); };
  const std::string indent(2 * static_cast<std::size_t>(layer.depth), ' ');
  const std::string label =
      layer.path.empty() ? layer.description : layer.path + "  " + layer.description;
  return {indent + label, layer.has_output ? tenon::to_string(layer.output) : "-",
          number(layer.parameters), number(layer.buffers), number(layer.multiply_adds())};
}

}  // namespace

template <class T>
ModelSummary summary_of(nn::BasicModule<T>& net, void (*run)(void*), void* context) {
  Layers<T> layers(net);
  {
    const InEvaluation<T> mode(layers.modules);
    const KeptGenerator generator;
    const NoTape no_tape;
    ProfileRecorder recorder(0);
    try {
      run(context);
    } catch (...) {
      recorder.stop();
      throw;
    }
    recorder.stop();
    sort(recorder.contexts(), layers);
  }
  ModelSummary summary;
  for (const LayerSummary& layer : layers.found) {
    summary.parameters += layer.parameters;
    summary.buffers += layer.buffers;
    summary.flops += layer.flops;
    if (layer.has_layers || !layer.has_output) continue;
    summary.activation_bytes += layer.calls * layer.output.numel() * Index{sizeof(T)};
  }
  summary.parameter_bytes = summary.parameters * Index{sizeof(T)};
  summary.buffer_bytes = (summary.buffers - layers.long_values) * Index{sizeof(T)} +
                         layers.long_values * Index{sizeof(std::int64_t)};
  summary.layers = std::move(layers.found);
  return summary;
}

template ModelSummary summary_of(nn::BasicModule<float>&, void (*)(void*), void*);
template ModelSummary summary_of(nn::BasicModule<double>&, void (*)(void*), void*);

}  // namespace tenon::detail

namespace tenon::nn {

template <class T>
ModelSummary summary(BasicModule<T>& net, const Shape& input_shape) {
  return summary(net, [&] { net(zeros<T>(input_shape)); });
}

template <class T>
ModelSummary summary(BasicModule<T>& net, const LongTensor& ids) {
  return summary(net, [&] { net(ids); });
}

std::string to_string(const ModelSummary& summary) {
  std::vector<detail::Cells> lines{{"layer", "output", "parameters", "buffers", "multiply-adds"}};
  for (const LayerSummary& layer : summary.layers) lines.push_back(detail::line_of(layer));
  std::vector<std::size_t> widths(lines[0].size());
  for (const auto& line : lines) {
    for (std::size_t k = 0; k < line.size(); ++k) widths[k] = std::max(widths[k], line[k].size());
  }
  std::string text;
  for (const auto& line : lines) {
    for (std::size_t k = 0; k < line.size(); ++k) {
      const std::string blanks(widths[k] - line[k].size(), ' ');
      const bool is_text = k < 2;
      text += (k == 0 ? "" : "  ") + (is_text ? line[k] + blanks : blanks + line[k]);
    }
    text += "\n";
  }
  return text + "parameters " + detail::count_text(summary.parameters) + " (" +
         detail::bytes_text(summary.parameter_bytes) + "), buffers " +
         detail::count_text(summary.buffers) + " (" + detail::bytes_text(summary.buffer_bytes) +
         "), activations " + detail::bytes_text(summary.activation_bytes) + ", multiply-adds " +
         detail::count_text(summary.multiply_adds()) + "\n";
}

std::ostream& operator<<(std::ostream& out, const ModelSummary& summary) {
  return out << to_string(summary);
}

template ModelSummary summary(BasicModule<float>&, const Shape&);
template ModelSummary summary(BasicModule<double>&, const Shape&);
template ModelSummary summary(BasicModule<float>&, const LongTensor&);
template ModelSummary summary(BasicModule<double>&, const LongTensor&);

}  // namespace tenon::nn
