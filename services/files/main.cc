#include <filesystem>

#include "common/api/disks.h"
#include "common/api/files.h"
#include "common/base/files.h"
#include "common/config/programs.h"
#include "common/log/log.h"
#include "common/ownership/marker.h"
#include "common/secrets/known_secrets.h"
#include "common/service/service_host.h"
#include "services/files/disks_handler.h"
#include "services/files/guests.h"
#include "services/files/machine_files_handler.h"
#include "services/files/volumes_handler.h"

namespace {

/// Scratch space of single calls. The rest of a killed predecessor is removed; what is in a
/// directory that no predecessor made is not.
std::filesystem::path fresh_scratch(const pyro::Paths& paths) {
  const std::filesystem::path scratch = paths.scratch_dir();
  pyro::make_private_directory(scratch);
  const auto entries = pyro::entries_beside_marker(scratch);
  const auto marker = pyro::read_marker(scratch);
  if (marker && marker->has_kind("scratch")) {
    for (const auto& entry : entries) std::filesystem::remove_all(entry);
  } else if (entries.empty()) {
    pyro::write_marker(scratch, {.kinds = {"scratch"}});
  } else {
    pyro::log::warn("what is in '{}' is not pyro's and is left alone", scratch.string());
  }
  return scratch;
}

}  // namespace

int main(int argc, char** argv) {
  return pyro::run_service(argc, argv, "files", [](pyro::ServiceHost& host) {
    const auto scratch = fresh_scratch(host.paths());
    pyro::files::Guests guests(host.paths());
    pyro::KnownSecrets secrets;
    const std::uint32_t keep_free_mib = host.config().limits.keep_free_mib;
    pyro::files::VolumesHandler volumes(host.paths(), scratch, keep_free_mib, guests);
    const pyro::files::ExportLimits exports{
        .keep_free_mib = keep_free_mib,
        .by_models = std::uint64_t{host.config().workspace.exports_gib} << 30U};
    pyro::files::MachineFilesHandler machine_files(host.paths().exports_dir(), scratch, exports,
                                                   guests, secrets);
    pyro::files::DisksHandler disks(host.paths().exports_dir(), exports,
                                    pyro::sibling_program("pyro-disk-reader"), secrets);
    host.serve<pyro::api::VolumesApi>(volumes);
    host.serve<pyro::api::MachineFilesApi>(machine_files);
    host.serve<pyro::api::DiskFilesApi>(disks);
    host.run();
  });
}
