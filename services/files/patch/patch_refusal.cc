#include "services/files/patch/patch_refusal.h"

#include "common/base/reasons/files.h"
#include "common/base/text.h"

namespace pyro::files {

Error unsupported_patch(std::string_view line, std::string_view why) {
  constexpr std::size_t kLongest = 200;
  const std::string shown = printable(trim(line.substr(0, kLongest)));
  if (why.empty()) {
    return invalid_argument(reason::kPatchUnsupported, "unsupported patch feature: {}", shown);
  }
  return invalid_argument(reason::kPatchUnsupported, "unsupported patch feature: {} ({})", shown,
                          why);
}

Error patch_without_content(std::string_view line) {
  return unsupported_patch(line, "it has no content: make the patch with git diff --binary");
}

Error patch_mismatch(std::string_view path, std::string_view why) {
  return failed_precondition(reason::kPatchMismatch, "patch context does not match for {}: {}",
                             printable(path), why);
}

}  // namespace pyro::files
