#include "common/api/prepare.h"
#include "common/api/workspace.h"
#include "common/api/workspace_commands.h"
#include "common/api/workspace_diff.h"
#include "common/api/workspace_export.h"
#include "common/api/workspace_files.h"
#include "common/api/workspace_patch.h"
#include "common/api/workspace_snapshots.h"
#include "common/api/workspace_summary.h"
#include "common/api/workspace_sync.h"
#include "common/service/service_host.h"
#include "services/workspace/service.h"

int main(int argc, char** argv) {
  return pyro::run_service(argc, argv, "workspace", [](pyro::ServiceHost& host) {
    pyro::workspace::Service service(host);
    host.serve<pyro::api::WorkspaceApi>(service);
    host.serve<pyro::api::CommandsApi>(service);
    host.serve<pyro::api::SnapshotsApi>(service);
    host.serve<pyro::api::FilesApi>(service);
    host.serve<pyro::api::SyncApi>(service);
    host.serve<pyro::api::ExportApi>(service);
    host.serve<pyro::api::DiffApi>(service);
    host.serve<pyro::api::PatchApi>(service);
    host.serve<pyro::api::SummaryApi>(service);
    host.serve<pyro::api::PrepareApi>(service);
    host.run();
  });
}
