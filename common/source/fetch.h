#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "common/directory_lease/directory_lease.h"
#include "common/work/work.h"

namespace pyro::source {

/// A clean clone. The lease keeps it from being removed.
struct FetchedRepository {
  std::filesystem::path path;
  std::string commit;
  DirectoryLease lease;
};

/// A clean clone of the commit that `ref` (a branch, a tag, a commit's whole id; default: the
/// remote's HEAD) names now, in `cache_dir`/sources: fetched unless that very commit is there, and
/// then complete at once or never there. One fetches at a time; servers share what is there.
/// Unused earlier clones of the same URL and ref go, and those of other ones but the last few. Each
/// call asks the remote, since an old state would be a silent lie; a known commit's whole id needs
/// no remote. No hook runs, no filter, no prompt; submodules remain empty. not_found: no such ref.
/// unavailable: the remote cannot be read, with git's words.
FetchedRepository fetch_repository(const std::filesystem::path& cache_dir, const std::string& url,
                                   const std::optional<std::string>& ref, const Work& work);

/// Where the clones of that one's URL and ref lie.
std::filesystem::path clones_of(const std::filesystem::path& clone);

/// A lease like that of fetch_repository on a clone that is there. not_found: it went meanwhile.
DirectoryLease lease_clone(const std::filesystem::path& clone);

}  // namespace pyro::source
