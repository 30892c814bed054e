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

Error patch_renames() {
  return invalid_argument(reason::kPatchUnsupported, "rename and copy patches are not supported");
}

Error patch_mismatch(std::string_view path) {
  return failed_precondition(reason::kPatchMismatch, "patch context does not match for {}",
                             printable(path));
}

}  // namespace pyro::files
