#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "common/tree/tree.h"

/// Archives as trees. They may come from anywhere, so everything in them is checked.
namespace pyro::files {

/// .tar, .tar.gz or .tgz
bool is_archive_name(const std::filesystem::path& path);

/// Passes a tar archive, plain or gzip, to the sink: directories before their entries, unnamed
/// directories as 0755, the top as the entry "" with mode 0755 and the archive's own time. The last
/// member of a duplicate path counts. `file` is open for reading; Errors call it `path`. `check`
/// runs between pieces of work and throws to end it. Reads the archive twice, so that the sink gets
/// nothing of a refused one.
/// kInvalidArgument: `'P' is not a readable tar archive: …`, a forbidden member (docs of workspace
/// seeds). resource_exhausted: the files exceed `limit_bytes` together, or there are too many
/// members. failed_precondition: it changed during the read.
tree::Totals read_archive(int file, const std::filesystem::path& path,
                          const std::function<void()>& check, tree::Sink& sink,
                          std::uint64_t limit_bytes = ~std::uint64_t{0});

}  // namespace pyro::files
