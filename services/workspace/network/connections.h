#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "common/api/agent.h"
#include "common/api/network.h"
#include "common/config/paths.h"
#include "common/registry/registry.h"
#include "common/work/work.h"
#include "services/workspace/commands/journal.h"
#include "services/workspace/part.h"

namespace pyro::workspace {

/// Which job of a workspace began which connection, by its guest's word: read from the guest when a
/// command ends, when somebody reads the log of connections, and before the machine goes. The log
/// itself is the gate's. Thread-safe.
class Connections final : public Part {
 public:
  Connections(Registry& registry, const Paths& paths)
      : paths_(paths), rows_(registry, "workspace_connections") {}

  /// What the network policy denied to a command, and what it denied meanwhile to nobody knows
  /// whom.
  std::vector<api::EgressDenied> denied_to(const CommandRecord& command, const std::string& vm_id,
                                           const Work& work);

  /// All that is known of a workspace's session, the guest asked as well if it answers in time.
  std::vector<api::agent::JobConnection> all(const WorkspaceRecord& record, const Work& work);

  void end_all(const WorkspaceRecord& record) override;
  void collect_garbage(const WorkspaceRecord& record) override;
  void forget(const std::string& workspace_id) override { rows_.erase_below(workspace_id + "/"); }

 private:
  /// What a guest told at one time, the oldest first; its id is WORKSPACE/SESSION/NUMBER.
  using Row = api::agent::JobConnections;

  std::vector<api::agent::JobConnection> known(const std::string& prefix) const;
  std::uint64_t last_time(const std::string& prefix) const;
  void ask(const std::string& prefix, const std::string& vm_id, const Work& work);

  const Paths& paths_;
  std::mutex mutex_;
  RecordTable<Row> rows_;
};

}  // namespace pyro::workspace
