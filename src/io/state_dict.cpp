#include "tenon/io/state_dict.hpp"

#include <algorithm>
#include <type_traits>

#include "nn/module_path.hpp"
#include "tenon/autograd/tape.hpp"
#include "tenon/io/safetensors.hpp"

namespace tenon::io {

namespace {

/// Some lines of a report under one heading: the first ones in full, the others counted.
class Findings {
 public:
  explicit Findings(const char* heading) : heading_(heading) {}

  void add(const std::string& line) {
    constexpr std::size_t shown = 20;
    if (count_++ < shown) text_ += "\n    " + line;
  }
  std::size_t count() const { return count_; }
  std::string text() const {
    if (count_ == 0) return "";
    const auto lines = static_cast<std::size_t>(std::count(text_.begin(), text_.end(), '\n'));
    const std::string rest =
        count_ > lines ? "\n    and " + std::to_string(count_ - lines) + " more" : "";
    return "\n  " + std::string(heading_) + " (" + std::to_string(count_) + "):" + text_ + rest;
  }

 private:
  const char* heading_;
  std::size_t count_ = 0;
  std::string text_;
};

/// The state of a module, integer buffers included.
template <class T>
class StateCollector : public detail::PathVisitor<T> {
 public:
  TensorDict found;

 private:
  void on_parameter(std::string_view name, nn::BasicParameter<T>& parameter) override {
    found.add(this->path(name), static_cast<const BasicTensor<T>&>(parameter));
  }
  void on_buffer(std::string_view name, BasicTensor<T>& tensor) override {
    found.add(this->path(name), tensor);
  }
  void on_long_buffer(std::string_view name, LongTensor& tensor) override {
    found.add(this->path(name), tensor);
  }
};

std::string described(const std::string& name, const Shape& shape) {
  return name + " " + to_string(shape);
}

/// Whether the values of a member come in under another name, to which it is tied.
bool comes_with_a_tied_one(const TensorEntry& member, const TensorDict& members,
                           const TensorDict& tensors) {
  return std::any_of(members.begin(), members.end(), [&](const TensorEntry& other) {
    return other.tensor.is_same(member.tensor) && tensors.contains(other.name);
  });
}

bool is_floating(DType dtype) { return dtype == DType::float32 || dtype == DType::float64; }

/// Throws unless every tensor fits; where names the op and the file, as in "[load] a.safetensors:
/// ".
LoadReport compare(const std::string& where, const TensorDict& members, const TensorDict& tensors,
                   const LoadOptions& options) {
  LoadReport report;
  Findings missing("missing"), unexpected("unexpected"), shapes("of another shape"),
      types("of another type");
  for (const auto& member : members) {
    const Shape& shape = member.tensor.shape();
    if (!tensors.contains(member.name)) {
      if (comes_with_a_tied_one(member, members, tensors)) continue;
      report.missing.push_back(member.name);
      missing.add(described(member.name, shape));
      continue;
    }
    const AnyTensor& found = tensors[member.name];
    if (!(found.shape() == shape)) {
      shapes.add(member.name + ": the module has " + to_string(shape) + ", the file " +
                 to_string(found.shape()));
    }
    const DType wanted = member.tensor.dtype();
    const bool can_cast = options.cast && is_floating(found.dtype()) && is_floating(wanted);
    if (found.dtype() != wanted && !can_cast) {
      types.add(member.name + ": the module has " + to_string(wanted) + ", the file " +
                to_string(found.dtype()));
    }
  }
  for (const auto& [name, tensor] : tensors) {
    if (members.contains(name)) continue;
    report.unexpected.push_back(name);
    unexpected.add(described(name, tensor.shape()));
  }
  const bool names_differ = options.strict && missing.count() + unexpected.count() > 0;
  if (names_differ || shapes.count() > 0) {
    const std::string names = names_differ ? missing.text() + unexpected.text() : "";
    throw ValueError(where + "the tensors are not those of the module" + names + shapes.text() +
                     types.text() + "\n  hint: build the module as it was when saved" +
                     (names_differ ? ", or load with {.strict = false} what fits by name" : ""));
  }
  if (types.count() > 0) {
    throw TypeError(where + "the tensors have not the module's scalar type" + types.text() +
                    "\n  hint: load with {.cast = true} to convert float32 and float64");
  }
  return report;
}

/// Writes values of the same scalar type, or of the other floating one, in place.
void write(const AnyTensor& member, const AnyTensor& values) {
  member.visit([&](auto to) {
    values.visit([&](const auto& from) {
      using To = std::decay_t<decltype(to)>;
      if constexpr (std::is_same_v<std::decay_t<decltype(from)>, To>) {
        to.copy_(from);
      } else {
        to.copy_(from.template to<typename To::value_type>());
      }
    });
  });
}

template <class T>
LoadReport take_in(const std::string& where, nn::BasicModule<T>& module, const TensorDict& tensors,
                   const LoadOptions& options) {
  const NoTape guard;
  const TensorDict members = state_dict(module);
  LoadReport report = compare(where, members, tensors, options);
  for (const auto& [name, member] : members) {
    if (tensors.contains(name)) write(member, tensors[name]);
  }
  return report;
}

}  // namespace

template <class T>
TensorDict state_dict(nn::BasicModule<T>& module) {
  nn::named_tensors(module);  // has better words for a module whose members are not as they should
  StateCollector<T> collector;
  module.visit(collector);
  return std::move(collector.found);
}

template <class T>
LoadReport load_state_dict(nn::BasicModule<T>& module, const TensorDict& tensors,
                           const LoadOptions& options) {
  return take_in("[load_state_dict] ", module, tensors, options);
}

template <class T>
void save(nn::BasicModule<T>& module, const std::string& path, const Metadata& metadata) {
  save_safetensors(path, state_dict(module), metadata);
}

template <class T>
LoadReport load(nn::BasicModule<T>& module, const std::string& path, const LoadOptions& options) {
  return take_in("[load] " + path + ": ", module, load_safetensors(path), options);
}

#define TENON_INSTANTIATE(T)                                                                       \
  template TensorDict state_dict(nn::BasicModule<T>&);                                             \
  template LoadReport load_state_dict(nn::BasicModule<T>&, const TensorDict&, const LoadOptions&); \
  template void save(nn::BasicModule<T>&, const std::string&, const Metadata&);                    \
  template LoadReport load(nn::BasicModule<T>&, const std::string&, const LoadOptions&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::io
