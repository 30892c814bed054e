#include "common/ownership/claim.h"
#include "common/ownership/owned_directories.h"
#include "common/service/service_host.h"
#include "common/stack/installation.h"
#include "services/workspace/commands/commands.h"
#include "services/workspace/disk/disk.h"
#include "services/workspace/files/files.h"
#include "services/workspace/files/review_log.h"
#include "services/workspace/lifecycle/adoption.h"
#include "services/workspace/lifecycle/descriptions.h"
#include "services/workspace/lifecycle/expiry.h"
#include "services/workspace/lifecycle/garbage.h"
#include "services/workspace/lifecycle/lifecycle.h"
#include "services/workspace/lifecycle/sandboxes.h"
#include "services/workspace/network/connections.h"
#include "services/workspace/network/networks.h"
#include "services/workspace/ports/ports.h"
#include "services/workspace/preparation/preparation.h"
#include "services/workspace/secrets/redacted_calls.h"
#include "services/workspace/secrets/secrets.h"
#include "services/workspace/services/services.h"
#include "services/workspace/shells/shells.h"
#include "services/workspace/snapshots/snapshots.h"
#include "services/workspace/summary/summary.h"

namespace {

using namespace pyro;
using namespace pyro::workspace;

/// The parts come before the collector and the expiry, which walk over them beside the calls.
void serve(ServiceHost& host) {
  Registry registry(host.paths().registry());
  // Before anything is made, so that a lost registry is known as one.
  name_registry(host.paths().state_dir, registry.id());
  const OwnedDirectories directories(host.paths().workspaces_dir(), "workspace", registry.id());
  bus::Client vm = host.client("vm");
  bus::Client file_service = host.client("files");
  Machines machines(vm);
  Workspaces workspaces(registry, machines, host.config().workspace);
  const std::uint32_t keep_free_mib = host.config().limits.keep_free_mib;
  Snapshots snapshots(registry, host.paths(), keep_free_mib, workspaces, file_service);
  const Descriptions descriptions(directories, workspaces, snapshots.store());
  Secrets secrets(host.paths(), workspaces);
  ReviewLog reviews(registry, workspaces, secrets);
  Files files(host.paths(), workspaces, reviews, secrets, file_service);
  Disk disk(workspaces, machines, reviews, secrets, file_service);
  Connections connections(registry, host.paths());
  workspaces.add(connections);
  Commands commands(registry, host.paths(), workspaces, connections, secrets);
  bus::Client net = host.client("net");
  Ports ports(host.paths(), workspaces, net);
  Services services(registry, host.paths(), workspaces, machines, reviews, secrets, ports);
  Shells shells(registry, host.paths(), workspaces, machines, secrets);
  Networks networks(host.paths(),
                    {find_share_file(network::kPresetsFile),
                     host.paths().config_file.parent_path() / network::kPresetsFile},
                    host.config().package_cache.nginx, workspaces, connections, ports, vm);
  Garbage garbage(directories, workspaces, machines);
  Sandboxes sandboxes(vm, file_service, machines, [&garbage] { garbage.wake(); });
  Lifecycle lifecycle(host.paths(), keep_free_mib, directories, workspaces, machines, sandboxes,
                      descriptions, snapshots.store(), networks, secrets, garbage);
  WorkspaceAdoption adoption(host.paths().state_dir, registry, directories, workspaces,
                             descriptions, garbage);
  const Expiry expiry(host.paths(), workspaces, lifecycle);
  Summary summary(workspaces, commands.journal(), snapshots.store(), reviews, services, shells,
                  files);
  Preparation preparation(lifecycle, commands, vm);

  RedactedCalls calls(host, secrets);
  calls.serve<api::WorkspaceApi>(lifecycle);
  calls.serve<api::CommandsApi>(commands);
  calls.serve<api::ServicesApi>(services);
  calls.serve<api::ShellsApi>(shells);
  calls.serve<api::WorkspaceNetworkApi>(networks);
  calls.serve<api::WorkspacePortsApi>(ports);
  calls.serve<api::SnapshotsApi>(snapshots);
  calls.serve<api::FilesApi>(files);
  calls.serve<api::SyncApi>(files);
  calls.serve<api::ExportApi>(files);
  calls.serve<api::DiffApi>(files);
  calls.serve<api::PatchApi>(files);
  calls.serve<api::DiskApi>(disk);
  calls.serve<api::SummaryApi>(summary);
  calls.serve<api::PrepareApi>(preparation);
  calls.serve<api::WorkspaceAdoptionApi>(adoption);
  host.run();
}

}  // namespace

int main(int argc, char** argv) { return run_service(argc, argv, "workspace", serve); }
