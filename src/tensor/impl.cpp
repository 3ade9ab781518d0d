#include "tenon/tensor/impl.hpp"

#include <limits>
#include <new>
#include <type_traits>

#include "tenon/base/error.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/tensor/layout.hpp"

namespace tenon {

const char* to_string(DType dtype) {
  switch (dtype) {
    case DType::float32:
      return "float32";
    case DType::float64:
      return "float64";
    case DType::int64:
      return "int64";
    case DType::int32:
      return "int32";
    case DType::uint8:
      return "uint8";
    case DType::boolean:
      return "bool";
  }
  return "unknown";
}

namespace detail {
namespace {

static_assert(alignof(TensorImpl) == block_alignment, "data right behind a header is aligned");
static_assert(std::is_trivially_destructible_v<TensorImpl>, "destroy() calls no destructor");

constexpr std::uint64_t ids_per_thread = std::uint64_t{1} << 20;
constexpr Index max_bytes = std::numeric_limits<Index>::max() - Index{sizeof(TensorImpl)};

std::atomic<std::uint64_t> next_free_id{1};

/// What every tensor creation touches, so that it lies on one cache line of its thread.
struct ThreadState {
  std::uint64_t next_id = 0;
  std::uint64_t end_id = 0;
  CopyListener listener = nullptr;
};
constinit thread_local ThreadState thread_state;

std::uint64_t new_id() {
  ThreadState& state = thread_state;
  if (state.next_id == state.end_id) [[unlikely]] {
    state.next_id = next_free_id.fetch_add(ids_per_thread, std::memory_order_relaxed);
    state.end_id = state.next_id + ids_per_thread;
  }
  return state.next_id++;
}

[[noreturn]] void fail_size(const Shape& shape) {
  for (const Index size : shape) {
    if (size < 0) {
      fail<ValueError>("empty", "a tensor of shape ", shape, " cannot have the negative size ",
                       size, "; hint: only reshape and expand give -1 a meaning");
    }
  }
  fail<ShapeError>("empty", "a tensor of shape ", shape,
                   " needs more bytes than memory can have; hint: check the sizes for a product "
                   "or a conversion that overflowed");
}

/// Bytes of the values. Sizes before an axis of size 0 are multiplied too: strides must also fit.
inline std::size_t data_bytes(const Shape& shape, std::size_t item_bytes) {
  Index bytes = static_cast<Index>(item_bytes);
  bool bad = false;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    bad |= shape[i] < 0;
    bad |= __builtin_mul_overflow(bytes, shape[i], &bytes);
  }
  bad |= bytes > max_bytes;
  if (bad) [[unlikely]]
    fail_size(shape);
  return static_cast<std::size_t>(bytes);
}

}  // namespace

// Each header is written field by field in one go: clearing it first would double the cost of a
// small tensor.

TensorImpl* new_tensor(DType dtype, std::size_t item_bytes, const Shape& shape) {
  const std::size_t bytes = sizeof(TensorImpl) + data_bytes(shape, item_bytes);
  void* block = pool_allocate(bytes);
  return ::new (block) TensorImpl{.dtype = dtype,
                                  .id = new_id(),
                                  .data = static_cast<TensorImpl*>(block) + 1,
                                  .block_bytes = bytes,
                                  .shape = shape,
                                  .strides = contiguous_strides(shape)};
}

TensorImpl* new_borrowed(DType dtype, std::size_t item_bytes, void* data, const Shape& shape) {
  data_bytes(shape, item_bytes);
  return ::new (pool_allocate(sizeof(TensorImpl))) TensorImpl{.dtype = dtype,
                                                              .id = new_id(),
                                                              .data = data,
                                                              .block_bytes = sizeof(TensorImpl),
                                                              .shape = shape,
                                                              .strides = contiguous_strides(shape)};
}

TensorImpl* new_view(TensorImpl* parent, void* data, const Shape& shape, const Shape& strides) {
  void* block = pool_allocate(sizeof(TensorImpl));
  retain(parent);
  return ::new (block) TensorImpl{.dtype = parent->dtype,
                                  .is_contiguous = is_contiguous(shape, strides),
                                  .id = new_id(),
                                  .parent = parent,
                                  .root = parent->root,
                                  .data = data,
                                  .block_bytes = sizeof(TensorImpl),
                                  .shape = shape,
                                  .strides = strides};
}

void destroy(TensorImpl* impl) noexcept {
  // A loop, since a chain of views can be longer than the stack is deep.
  while (impl != nullptr) {
    TensorImpl* parent = impl->parent;
    pool_free(impl, impl->block_bytes);
    const bool is_last =
        parent != nullptr && (parent->references.load(std::memory_order_acquire) == 1 ||
                              parent->references.fetch_sub(1, std::memory_order_acq_rel) == 1);
    impl = is_last ? parent : nullptr;
  }
}

void set_copy_listener(CopyListener listener) noexcept { thread_state.listener = listener; }
CopyListener copy_listener() noexcept { return thread_state.listener; }

}  // namespace detail
}  // namespace tenon
