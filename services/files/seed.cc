#include "services/files/seed.h"

#include <chrono>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/config/volume.h"
#include "common/fault/fault.h"
#include "common/source/fetch.h"
#include "services/files/artifact.h"
#include "services/files/git_seed/git_seed.h"
#include "services/files/hard_links.h"
#include "services/files/host_source.h"
#include "services/files/new_file.h"
#include "services/files/volume/blank_volume.h"
#include "services/files/volume/volume_writer.h"
#include "services/files/work_check.h"

namespace pyro::files {

namespace {

/// The volume of a request, and its T0.
struct NewVolume {
  volume::VolumeWriter& writer;
  std::int64_t ctime_ns;
};

/// Returns the notes on the seed.
std::vector<std::string> give_seed(const std::filesystem::path& cache_dir,
                                   const std::filesystem::path& scratch,
                                   const api::BuildVolume& request, const HostSource& source,
                                   const NewVolume& volume, const Work& work) {
  work.report("seed", "writing the seed into the workspace's volume");
  if (!request.origin || !request.origin->git_tracked) {
    source.give(volume.writer, work, kWorkspaceDiskBytes);
    return {};
  }
  const auto sources = cache_dir / "sources";
  make_private_directory(sources);
  GitSeedPlaces places{.scratch = scratch, .histories = sources / "packs"};
  std::optional<DirectoryLease> lease;
  if (request.origin->origin_kind == api::OriginKind::kRepoUrl) {
    // Our own lease: the caller's ends with the caller, and this continues.
    lease.emplace(source::lease_clone(*request.seed_path));
    places.source = source::clones_of(*request.seed_path);
  }
  HardLinks links(volume.writer);
  return give_git_seed(*request.seed_path, places,
                       {.git_directory = source::place_of_git_directory(request.origin->is_named),
                        .include_ignored = request.origin->include_ignored,
                        .inode_of_last = [&volume]() -> SeededInode {
                          return {.inode = volume.writer.last_inode(), .ctime_ns = volume.ctime_ns};
                        }},
                       links, work);
}

api::WorkspaceSeed seed_of(const api::BuildVolume& request, const HostSource& source) {
  const bool is_manual = !request.origin;
  const auto seed_path = is_manual ? source.resolved_path() : request.seed_path;
  return {.mode = source.mode(),
          .seed_path = seed_path,
          .origin_kind = std::string(api::name_of(is_manual ? api::OriginKind::kManualSeedPath
                                                            : request.origin->origin_kind)),
          .origin_ref = is_manual ? seed_path : request.origin->origin_ref};
}

}  // namespace

api::WorkspaceSeed build_volume(const std::filesystem::path& cache_dir,
                                const std::filesystem::path& scratch,
                                const api::BuildVolume& request, const Work& work) {
  check(work);
  fault::point("files.build_volume.begun");
  if (request.origin && !request.seed_path) throw invalid_argument("origin requires seed_path");
  std::optional<HostSource> source;
  if (request.seed_path) {
    source.emplace("seed_path", *request.seed_path, links_for(request.by_model));
  }
  NewFile volume(request.volume);
  volume::make_blank_volume(cache_dir, volume.temporary());
  const std::int64_t now_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(
                                  std::chrono::system_clock::now().time_since_epoch())
                                  .count();
  volume::VolumeWriter writer(volume.temporary(), now_ns);
  api::WorkspaceSeed seed;
  if (source) {
    seed = seed_of(request, *source);
    seed.notes = give_seed(cache_dir, scratch, request, *source, {writer, now_ns}, work);
  }
  const tree::Totals totals = writer.finish();
  check(work);
  fault::point("files.build_volume.written");
  volume.put_in_place();
  static_cast<api::CopiedTree&>(seed) = copied(totals);
  return seed;
}

}  // namespace pyro::files
