#include "services/files/seed.h"

#include <chrono>

#include "common/config/volume.h"
#include "common/fault/fault.h"
#include "services/files/host_source.h"
#include "services/files/new_file.h"
#include "services/files/volume/blank_volume.h"
#include "services/files/volume/volume_writer.h"
#include "services/files/work_check.h"

namespace pyro::files {

api::WorkspaceSeed build_volume(const std::filesystem::path& cache_dir,
                                const api::BuildVolume& request, const Work& work) {
  check(work);
  std::optional<HostSource> source;
  if (request.seed_path) source.emplace("seed_path", *request.seed_path);
  NewFile volume(request.volume);
  volume::make_blank_volume(cache_dir, volume.temporary());
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  volume::VolumeWriter writer(volume.temporary(),
                              std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
  api::WorkspaceSeed seed{.seed_path = request.seed_path};
  if (source) {
    seed.mode = source->mode();
    work.report("seed", "writing the seed into the workspace's volume");
    source->give(writer, work, kWorkspaceDiskBytes);
  }
  const tree::Totals totals = writer.finish();
  check(work);
  fault::point("files.build_volume.written");
  volume.put_in_place();
  seed.entry_count = totals.entries;
  seed.bytes_written = totals.bytes;
  seed.skipped_count = totals.skipped;
  return seed;
}

}  // namespace pyro::files
