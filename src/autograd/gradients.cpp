#include "tenon/autograd/gradients.hpp"

#include "gradients_builder.hpp"
#include "tenon/base/error.hpp"
#include "tenon/base/memory.hpp"

namespace tenon {

namespace {

std::uint64_t hash(std::uint64_t id) { return (id * 0x9e3779b97f4a7c15u) >> 32; }

}  // namespace

void GradientsBuilder::reserve(Index count) {
  std::uint64_t slots = 4;
  while (slots < 2 * static_cast<std::uint64_t>(count)) slots *= 2;
  const std::size_t entry_bytes = static_cast<std::size_t>(count) * sizeof(Gradients::Entry);
  result.bytes_ = entry_bytes + slots * sizeof(std::int32_t);
  auto* block = static_cast<char*>(detail::pool_allocate(result.bytes_));
  result.entries_ = reinterpret_cast<Gradients::Entry*>(block);
  result.slots_ = reinterpret_cast<std::int32_t*>(block + entry_bytes);
  result.mask_ = slots - 1;
  for (std::uint64_t i = 0; i < slots; ++i) result.slots_[i] = -1;
}

void GradientsBuilder::add(std::uint64_t id, detail::TensorImpl* gradient) {
  std::uint64_t slot = hash(id) & result.mask_;
  while (result.slots_[slot] >= 0) slot = (slot + 1) & result.mask_;
  result.slots_[slot] = static_cast<std::int32_t>(result.count_);
  result.entries_[result.count_++] = {id, gradient};
}

Gradients::~Gradients() {
  for (Index i = 0; i < count_; ++i) detail::release(entries_[i].gradient);
  if (entries_ != nullptr) detail::pool_free(entries_, bytes_);
}

void Gradients::set_gradient(Index i, detail::TensorImpl* gradient) {
  detail::release(std::exchange(entries_[i].gradient, gradient));
}

detail::TensorImpl* Gradients::get(std::uint64_t id) const noexcept {
  if (count_ == 0) return nullptr;
  for (std::uint64_t slot = hash(id) & mask_; slots_[slot] >= 0; slot = (slot + 1) & mask_) {
    const Entry& entry = entries_[slots_[slot]];
    if (entry.id == id) return entry.gradient;
  }
  return nullptr;
}

detail::TensorImpl* Gradients::lookup(const detail::TensorImpl* leaf) const {
  if (detail::TensorImpl* gradient = get(leaf->id)) return gradient;
  if (leaf->is_leaf) {
    detail::fail<TapeError>("gradients", "the loss does not depend on this parameter of shape ",
                            leaf->shape,
                            "; hint: gradients.find(parameter) returns an undefined tensor in that "
                            "case");
  }
  if (leaf->is_recorded) {
    detail::fail<TapeError>("gradients", "no gradient was kept for this tensor of shape ",
                            leaf->shape,
                            ": either the loss does not depend on it, or it is an intermediate "
                            "result; hint: auto v = tape.watch(x) keeps the gradient of x, asked "
                            "for with v");
  }
  detail::fail<TapeError>("gradients", "this tensor of shape ", leaf->shape,
                          " was a constant for the tape; hint: compute the loss from "
                          "auto v = tape.watch(x) and ask for the gradient of v");
}

}  // namespace tenon
