#include "services/files/copy_volume.h"

#include <algorithm>
#include <chrono>

#include "common/base/files.h"
#include "common/base/reasons/stack.h"
#include "common/disk/free_space.h"
#include "common/fault/fault.h"
#include "services/files/artifact.h"
#include "services/files/new_file.h"
#include "services/files/volume/blank_volume.h"
#include "services/files/volume/volume_writer.h"
#include "services/files/work_check.h"

namespace pyro::files {
namespace {

/// The most that api::agent::FreezeVolume takes.
constexpr std::chrono::milliseconds kLongestFreeze(600000);

api::TreeSize copy_frozen(GuestTree& guest, const VolumeCopy& copy, const Work& work) {
  NewFile volume(copy.volume);
  const auto limit =
      std::clamp(remaining(work.deadline), std::chrono::milliseconds(1), kLongestFreeze);
  // The connection's end thaws as well: nothing that fails below leaves the guest frozen.
  const auto usage =
      guest.call(api::agent::FreezeVolume{.limit_ms = static_cast<std::uint64_t>(limit.count())});
  fault::point("files.copy_volume.frozen");
  copy_sparse(copy.disk, volume.temporary(), [&] {
    check(work);
    require_free_disk(copy.volume.parent_path(), copy.keep_free_mib);
  });
  fault::point("files.copy_volume.copied");
  if (!guest.call(api::agent::ThawVolume{}).held) {
    throw unavailable(reason::kBusy,
                      "the guest did not keep its files still while they were copied: try again");
  }
  check(work);
  volume.put_in_place();
  return {.entry_count = usage.entry_count, .bytes_written = usage.bytes};
}

api::TreeSize copy_tree(GuestTree& guest, const VolumeCopy& copy) {
  NewFile volume(copy.volume);
  volume::make_blank_volume(copy.cache_dir, volume.temporary());
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  volume::VolumeWriter writer(volume.temporary(),
                              std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
  guest.stream(api::agent::SendTree{}, writer);
  const tree::Totals totals = writer.finish();
  volume.put_in_place();
  return copied(totals);
}

}  // namespace

api::TreeSize copy_volume(GuestTree& guest, const VolumeCopy& copy, const Work& work) {
  require_free_disk(copy.volume.parent_path(), copy.keep_free_mib);
  return std::filesystem::exists(copy.disk) ? copy_frozen(guest, copy, work)
                                            : copy_tree(guest, copy);
}

}  // namespace pyro::files
