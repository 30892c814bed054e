#pragma once

#include <optional>
#include <string>

#include "common/api/workspace_disk.h"
#include "common/api/workspace_secrets.h"

/// The disks of a machine that does not run, between the services. No door calls these.
namespace pyro::api {

/// Paths on the host. The guest's root is `system` (its directory upper) over `environment`;
/// /workspace is the directory tree of `workspace`.
struct DiskPaths {
  std::string environment;
  std::string system;
  std::string workspace;

  template <class Fields>
  static void describe(Fields& f) {
    f("environment", &DiskPaths::environment, "The read-only root file system.", kRequired);
    f("system", &DiskPaths::system, "What the guest changed of it.", kRequired);
    f("workspace", &DiskPaths::workspace, "The volume of the workspace.", kRequired);
  }
};

/// failed_precondition: the machine is started, has no disks of its own (host compatibility mode),
/// or has lost them.
struct GetDisks {
  static constexpr Method kMethod{"vm.disks", Idempotent::kYes};
  using Reply = DiskPaths;
  std::string vm_id;

  template <class Fields>
  static void describe(Fields& f) {
    f("vm_id", &GetDisks::vm_id, "The machine.", kRequired, max_length(64));
  }
};

/// A workspace's operation on its disks, with their paths. Keeps the operation's name, fields and
/// reply.
template <Operation Op>
struct OnDisks {
  static constexpr Method kMethod = Op::kMethod;
  using Reply = typename Op::Reply;
  DiskPaths disks;
  Op request;
  std::optional<std::string> secrets;

  template <class Fields>
  static void describe(Fields& f) {
    f("disks", &OnDisks::disks, "The disks.", kRequired);
    f("secrets", &OnDisks::secrets, kSecretFile);
    f("request", &OnDisks::request, "The request.", kRequired);
  }
};

using MachineDisksApi = Api<GetDisks>;
using DiskFilesApi = Api<OnDisks<ExportDisk>, OnDisks<ListDisk>, OnDisks<ReadDisk>>;

}  // namespace pyro::api
