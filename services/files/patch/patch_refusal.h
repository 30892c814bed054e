#pragma once

#include <string_view>

#include "common/base/error.h"

namespace pyro::files {

/// `unsupported patch feature: LINE`; with `why` if the line alone does not explain it.
Error unsupported_patch(std::string_view line, std::string_view why = {});

/// The same for `Binary files a and b differ`.
Error patch_without_content(std::string_view line);

/// `patch context does not match for P: WHY`
Error patch_mismatch(std::string_view path, std::string_view why);

}  // namespace pyro::files
