#include "copy_plan.hpp"

#include <algorithm>
#include <atomic>

namespace tenon::detail {
namespace {

std::atomic<bool> any_tied{false};
constinit thread_local bool is_planned = false;

struct Handle {
  const void* parameter;
  TensorImpl* leaf;
  bool operator==(const Handle&) const = default;
};

// The base class of a module is copied before its members, so it can look at all of the source's
// parameters first. Modules inside it are copied under its plan.
struct CopyPlan {
  struct Group {
    TensorImpl* leaf;
    TensorImpl* copy;  // one reference held; null until the first one is copied
  };
  std::vector<Handle> pending;
  std::vector<Group> groups;

  ~CopyPlan() { clear(); }
  void clear() noexcept {
    for (Group& group : groups) release(group.copy);
    groups.clear();
    pending.clear();
    is_planned = false;
  }
};
thread_local CopyPlan plan;

template <class T>
class ParameterLister : public nn::BasicVisitor<T> {
 public:
  std::vector<Handle> handles;

 private:
  void on_parameter(std::string_view, nn::BasicParameter<T>& parameter) override {
    handles.push_back({&parameter, parameter.impl()});
  }
};

/// Keeps the parameters that share their leaf with another one.
void keep_tied(std::vector<Handle>& handles) {
  std::sort(handles.begin(), handles.end(), [](const Handle& a, const Handle& b) {
    return std::pair(a.leaf, a.parameter) < std::pair(b.leaf, b.parameter);
  });
  handles.erase(std::unique(handles.begin(), handles.end()), handles.end());
  std::vector<Handle> tied;
  for (std::size_t i = 0; i < handles.size(); ++i) {
    const bool as_previous = i > 0 && handles[i - 1].leaf == handles[i].leaf;
    const bool as_next = i + 1 < handles.size() && handles[i + 1].leaf == handles[i].leaf;
    if (handles[i].leaf != nullptr && (as_previous || as_next)) tied.push_back(handles[i]);
  }
  handles.swap(tied);
}

}  // namespace

void note_tied() noexcept { any_tied.store(true, std::memory_order_relaxed); }

template <class T>
void plan_copy(const nn::BasicModule<T>& source) {
  if (!any_tied.load(std::memory_order_relaxed)) return;
  ParameterLister<T> lister;
  const_cast<nn::BasicModule<T>&>(source).visit(lister);
  keep_tied(lister.handles);
  const auto is_pending = [](const Handle& handle) {
    return std::find(plan.pending.begin(), plan.pending.end(), handle) != plan.pending.end();
  };
  if (std::all_of(lister.handles.begin(), lister.handles.end(), is_pending)) return;
  plan.clear();
  plan.pending = std::move(lister.handles);
  is_planned = true;
}

TensorImpl* planned_copy(const void* parameter, TensorImpl* leaf,
                         TensorImpl* (*make)(TensorImpl*)) {
  if (!is_planned) return nullptr;
  const auto found = std::find(plan.pending.begin(), plan.pending.end(), Handle{parameter, leaf});
  if (found == plan.pending.end()) return nullptr;
  auto group = std::find_if(plan.groups.begin(), plan.groups.end(),
                            [&](const CopyPlan::Group& g) { return g.leaf == leaf; });
  if (group == plan.groups.end()) {
    plan.groups.push_back({leaf, nullptr});
    group = plan.groups.end() - 1;
    group->copy = make(leaf);
  }
  TensorImpl* copy = group->copy;
  retain(copy);
  plan.pending.erase(found);
  if (plan.pending.empty()) plan.clear();
  return copy;
}

template void plan_copy(const nn::BasicModule<float>&);
template void plan_copy(const nn::BasicModule<double>&);

}  // namespace tenon::detail
