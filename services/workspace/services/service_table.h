#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/api/workspace_services.h"
#include "common/registry/registry.h"
#include "services/workspace/workspace_record.h"

namespace pyro::workspace {

/// A row of the table `workspace_services`. What it printed last is in files beside the registry
/// once it has ended, written before the row says so.
struct ServiceRecord : api::Service {
  std::string workspace_id;
  std::uint32_t session = 0;
  std::string job_id;
  std::uint32_t ready_timeout_seconds = 0;
  std::uint32_t ready_interval_ms = 0;
  std::map<std::string, std::string> secret_env;
  bool log_kept = false;

  template <class Fields>
  static void describe(Fields& f) {
    api::Service::describe(f);
    f("workspace_id", &ServiceRecord::workspace_id, "The workspace.");
    f("session", &ServiceRecord::session, "The session it was started in.");
    f("job_id", &ServiceRecord::job_id, "The agent's job.");
    f("ready_timeout_seconds", &ServiceRecord::ready_timeout_seconds, "How long it may take.");
    f("ready_interval_ms", &ServiceRecord::ready_interval_ms, "Between two looks.");
    f("secret_env", &ServiceRecord::secret_env, "Its variables that hold secrets, by their names.");
    f("log_kept", &ServiceRecord::log_kept, "Whether the end of its output is in files.");
  }

  bool running() const { return state == api::WorkspaceServiceState::kRunning; }
  /// It runs and is not known to be ready.
  bool is_starting() const { return running() && !ready_at; }
};

/// The services of workspaces by their names. Thread-safe.
class ServiceTable {
 public:
  explicit ServiceTable(Registry& registry) : rows_(registry, "workspace_services") {}

  /// Of the workspace's session.
  std::optional<ServiceRecord> find(const WorkspaceRecord& workspace,
                                    const std::string& name) const;
  /// The same, by name.
  std::vector<ServiceRecord> all(const WorkspaceRecord& workspace) const;
  /// Those of all workspaces that run as far as is known.
  std::vector<ServiceRecord> running() const;

  /// Takes the place of one of that name. failed_precondition: that runs.
  void begin(const ServiceRecord& service);
  /// Changes the row and returns it, unless it is not of that start any more, or does not run.
  std::optional<ServiceRecord> change(const ServiceRecord& service,
                                      const std::function<void(ServiceRecord&)>& change);
  /// It never ran.
  void retract(const ServiceRecord& service);

  void forget_other_sessions(const WorkspaceRecord& workspace);
  void forget(const std::string& workspace_id);

 private:
  mutable std::mutex mutex_;
  RecordTable<ServiceRecord> rows_;
};

}  // namespace pyro::workspace
