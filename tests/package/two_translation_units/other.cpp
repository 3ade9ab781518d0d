#include <tenon/tenon.hpp>

namespace {
// Never called: the translation unit must only instantiate and link.
[[maybe_unused]] const char* const header_was_included = "tenon.hpp, a second time";
}  // namespace
