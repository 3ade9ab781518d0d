#include <algorithm>
#include <cstdio>
#include <map>

#include "io/file.hpp"
#include "io/json_text.hpp"
#include "report.hpp"

namespace tenon::detail {
namespace {

const char* category(ProfileKind kind) {
  switch (kind) {
    case ProfileKind::layer:
      return "layer";
    case ProfileKind::backward:
    case ProfileKind::sweep:
      return "backward";
    case ProfileKind::optimizer:
      return "optimizer";
    case ProfileKind::range:
      return "range";
    default:
      return "operation";
  }
}

/// All that events of one context have in common, as JSON.
class EventTexts {
 public:
  EventTexts(const std::vector<ProfileContext>& contexts, const std::vector<NamedLayer>& layers)
      : contexts_(contexts) {
    std::map<const void*, const NamedLayer*> names;
    for (const NamedLayer& layer : layers) names.emplace(layer.layer, &layer);
    layers_.resize(contexts.size());
    texts_.resize(contexts.size());
    for (std::size_t i = 1; i < contexts.size(); ++i) {
      const ProfileContext& c = contexts[i];
      layers_[i] = layers_[static_cast<std::size_t>(c.parent)];
      if (c.kind == ProfileKind::layer) {
        const auto name = names.find(c.key);
        layers_[i] = name == names.end()
                         ? layer_label("", c.label)
                         : layer_label(name->second->path, name->second->description);
      }
      texts_[i] = text(i);
    }
  }

  const std::string& operator[](std::int32_t context) const {
    return texts_[static_cast<std::size_t>(context)];
  }

 private:
  std::string text(std::size_t i) const {
    const ProfileContext& c = contexts_[i];
    std::string name = c.kind == ProfileKind::layer ? layers_[i] : c.label;
    if (c.kind == ProfileKind::backward) name += " backward";
    if (c.kind == ProfileKind::optimizer) name += ".step";
    // Lenient, since a trace with one strange name is still a trace.
    std::string json =
        "{\"name\":" + lenient_json_text(name) + ",\"cat\":\"" + category(c.kind) +
        "\",\"ph\":\"X\",\"pid\":1,\"tid\":1,\"args\":{\"layer\":" + lenient_json_text(layers_[i]);
    const Index calls = std::max<Index>(1, c.calls);
    const auto mean = [&](const char* what, Index sum) {
      if (sum > 0) {
        json += std::string(",\"") + what + " per call\":" + std::to_string(sum / calls);
      }
    };
    mean("flops", c.float_flops + c.double_flops);
    mean("bytes", c.bytes);
    mean("allocated bytes", c.allocated);
    return json + "}";
  }

  const std::vector<ProfileContext>& contexts_;
  std::vector<std::string> layers_, texts_;
};

/// Microseconds, the unit of the format, without losing a nanosecond.
std::string microseconds(std::int64_t nanoseconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%lld.%03lld", static_cast<long long>(nanoseconds / 1000),
                static_cast<long long>(nanoseconds % 1000));
  return text;
}

/// By start, what contains others first. Events are kept as they end, insiders first.
std::vector<std::size_t> order_of(const ProfileRecorder& recorder) {
  std::vector<std::size_t> order(recorder.event_count());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const ProfileEvent& p = recorder.event(a);
    const ProfileEvent& q = recorder.event(b);
    if (p.start != q.start) return p.start < q.start;
    return p.duration != q.duration ? p.duration > q.duration : a > b;
  });
  return order;
}

}  // namespace

void write_chrome_trace(const std::string& path, const ProfileRecorder& recorder,
                        const std::vector<NamedLayer>& layers) {
  const auto contexts = recorder.contexts();
  const EventTexts texts(contexts, layers);
  AtomicFile file("export_chrome_trace", path);
  std::string text =
      "{\"displayTimeUnit\":\"ms\",\"otherData\":{\"dropped events\":\"" +
      std::to_string(recorder.dropped_events()) +
      "\"},\"traceEvents\":[\n"
      "{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":1,\"args\":{\"name\":\"tenon\"}}";
  for (const std::size_t i : order_of(recorder)) {
    const ProfileEvent& event = recorder.event(i);
    text += ",\n";
    text += texts[event.context];
    text += ",\"ts\":" + microseconds(event.start - recorder.start_time());
    text += ",\"dur\":" + microseconds(event.duration) + "}";
    if (text.size() < (1 << 16)) continue;
    file.write(text.data(), text.size());
    text.clear();
  }
  text += "\n]}\n";
  file.write(text.data(), text.size());
  file.commit();
}

}  // namespace tenon::detail
