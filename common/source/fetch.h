#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "common/directory_lease/directory_lease.h"
#include "common/work/work.h"

namespace pyro::source {

/// A clean clone. The lease protects it from removal.
struct FetchedRepository {
  std::filesystem::path path;
  std::string commit;
  DirectoryLease lease;
};

/// A clean clone of the commit that `ref` (a branch, a tag, a commit's whole id; default: the
/// remote's HEAD) names now, in `cache_dir`/sources. Fetches a missing commit; the clone is
/// complete or absent. One process fetches at a time; servers share the clones. Removes unused
/// earlier clones of the same URL and ref, and all but the last few of others. Each call asks the
/// remote, since an old state would be a silent lie; a known commit's whole id needs no remote.
/// Runs no hook, filter or prompt; submodules remain empty. not_found: no such ref.
/// unavailable: the remote is unreadable, with git's message.
FetchedRepository fetch_repository(const std::filesystem::path& cache_dir, const std::string& url,
                                   const std::optional<std::string>& ref, const Work& work);

/// The directory of the clones of one URL and ref.
std::filesystem::path clones_of(const std::filesystem::path& clone);

/// Leases an existing clone, as fetch_repository does. not_found: it was removed meanwhile.
DirectoryLease lease_clone(const std::filesystem::path& clone);

}  // namespace pyro::source
