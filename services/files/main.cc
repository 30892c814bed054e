#include <filesystem>

#include "common/api/files.h"
#include "common/base/files.h"
#include "common/service/service_host.h"
#include "services/files/guests.h"
#include "services/files/machine_files_handler.h"
#include "services/files/volumes_handler.h"

namespace {

/// Scratch space of single calls. The rest of a killed predecessor is removed.
std::filesystem::path fresh_scratch(const pyro::Paths& paths) {
  auto scratch = paths.state_dir / "files-scratch";
  std::filesystem::remove_all(scratch);
  pyro::make_private_directory(scratch);
  return scratch;
}

}  // namespace

int main(int argc, char** argv) {
  return pyro::run_service(argc, argv, "files", [](pyro::ServiceHost& host) {
    const auto scratch = fresh_scratch(host.paths());
    pyro::files::Guests guests(host.paths());
    pyro::files::VolumesHandler volumes(host.paths(), scratch, guests);
    pyro::files::MachineFilesHandler machine_files(host.paths().state_dir / "exports", scratch,
                                                   guests);
    host.serve<pyro::api::VolumesApi>(volumes);
    host.serve<pyro::api::MachineFilesApi>(machine_files);
    host.run();
  });
}
