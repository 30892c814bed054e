#pragma once

#include <string_view>

#include "common/base/error.h"

namespace pyro::files {

/// `unsupported patch feature: LINE`; with `why` if the line alone does not explain it.
Error unsupported_patch(std::string_view line, std::string_view why = {});

/// `rename and copy patches are not supported`
Error patch_renames();

/// `patch context does not match for P`
Error patch_mismatch(std::string_view path);

}  // namespace pyro::files
