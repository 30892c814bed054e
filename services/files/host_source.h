#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/api/workspace.h"
#include "common/base/unique_fd.h"
#include "common/tree/tree.h"
#include "common/work/work.h"
#include "services/files/host_path.h"

namespace pyro::files {

/// A directory or an archive of the host as a tree.
class HostSource {
 public:
  /// Refusals call it `name`: not_found `seed_path P does not exist`; kInvalidArgument `seed_path
  /// must be a directory or a .tar/.tar.gz/.tgz archive`. `path` is absolute.
  HostSource(std::string_view name, std::string path, Links links);

  api::SeedMode mode() const { return mode_; }
  /// What was opened, by its path without symbolic links.
  std::string resolved_path() const;

  /// Passes it to the sink, and reports progress to the caller every 0.3 s.
  /// resource_exhausted: an archive's files exceed `limit_bytes` together.
  tree::Totals give(tree::Sink& sink, const Work& work,
                    std::uint64_t limit_bytes = ~std::uint64_t{0}) const;

 private:
  std::string path_;
  UniqueFd opened_;
  api::SeedMode mode_;
};

}  // namespace pyro::files
