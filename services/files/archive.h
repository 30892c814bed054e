#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "common/tree/tree.h"

/// Archives as trees. They come from anywhere: nothing in them is believed.
namespace pyro::files {

/// .tar, .tar.gz or .tgz
bool is_archive_name(const std::filesystem::path& path);

/// Gives a tar archive, plain or gzip, to the sink: directories before what is in them, those that
/// the archive does not name as 0755, its top as the entry "" of mode 0755 and the archive's own
/// time. When a path comes more than once, the last member counts. `file` is open for reading,
/// `path` is its name in Errors. `check` is called between pieces of work; throws to end it. The
/// archive is read twice, so that the sink gets nothing of one that is refused.
/// kInvalidArgument: `'P' is not a readable tar archive: …`, a member that is refused (docs of
/// workspace seeds). resource_exhausted: the files' sizes are more than `limit_bytes` together, or
/// the members too many. failed_precondition: it changed while it was read.
tree::Totals read_archive(int file, const std::filesystem::path& path,
                          const std::function<void()>& check, tree::Sink& sink,
                          std::uint64_t limit_bytes = ~std::uint64_t{0});

}  // namespace pyro::files
