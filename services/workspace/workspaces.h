#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "common/api/machine.h"
#include "common/api/workspace.h"
#include "common/config/config.h"
#include "common/registry/registry.h"
#include "common/work/live.h"
#include "common/work/turns.h"
#include "common/work/work.h"
#include "services/workspace/machines.h"
#include "services/workspace/part.h"
#include "services/workspace/workspace_table.h"

namespace pyro::workspace {

/// The workspaces of this host, as every noun needs them: found, used, described, one change of
/// each at a time. Each noun writes in an order that leaves the old state or the new one, plus
/// garbage that is collected, wherever this process or another is killed. Thread-safe.
class Workspaces {
 public:
  /// Drops the records of throwaways that a former process made: the rest of them is garbage.
  Workspaces(Registry& registry, Machines& machines, const WorkspaceConfig& config);
  Workspaces(const Workspaces&) = delete;
  Workspaces& operator=(const Workspaces&) = delete;

  /// Before the first call; the part lives as long as there are calls.
  void add(Part& part) { parts_.push_back(&part); }
  const std::vector<Part*>& parts() const { return parts_; }
  WorkspaceTable& table() { return table_; }

  /// This process's knowledge of one workspace beside its record.
  struct State {
    Turns turns;
    std::atomic<int> calls = 0;
  };
  std::shared_ptr<State> live(const std::string& workspace_id) { return live_.get(workspace_id); }
  /// It was deleted.
  void forget(const std::string& workspace_id) { live_.forget(workspace_id); }

  /// A call works on the workspace: it does not expire meanwhile. not_found: there is none.
  class Use {
   public:
    Use(Workspaces& workspaces, const std::string& workspace_id);
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use();
    Turns& turns() const { return state_->turns; }

   private:
    Workspaces& workspaces_;
    std::shared_ptr<State> state_;
  };

  /// not_found: there is none.
  WorkspaceRecord find(const std::string& workspace_id) const { return table_.find(workspace_id); }
  /// Whether a call works on it or something runs in it.
  bool is_in_use(const std::string& workspace_id);
  /// Whether something runs in it that we started, or the session that made it lives.
  bool is_held(const WorkspaceRecord& record) const;

  /// What the door of a chat host calls an operation: `workspace_exec` of `workspace.exec`.
  static std::string tool_name(std::string_view method);

  /// A started workspace, and what runs it.
  struct Started {
    WorkspaceRecord record;
    api::Machine machine;
  };
  /// failed_precondition: `workspace x must be in 'started' state before OPERATION`
  Started require_started(const std::string& workspace_id, std::string_view method,
                          const Work& work) const;

  /// Whose job it is; empty where no part knows it.
  api::ConnectionMaker maker(const WorkspaceRecord& record, const std::string& job_id) const;

  /// The record with all that is known of it by now.
  api::Workspace describe(const WorkspaceRecord& record, const api::Machine& machine) const;
  /// The same, of a machine that is asked for.
  api::Workspace describe(const WorkspaceRecord& record, const Work& work) const;

  /// The reply with its head, which names the expiry in the last part of the workspace's life,
  /// unless something runs in it and holds that off.
  template <class Reply>
  Reply about(const std::string& workspace_id, Reply reply) const {
    reply.workspace_id = workspace_id;
    reply.expires_at = near_expiry(workspace_id);
    if (reply.expires_at) reply.on_expiry = on_expiry();
    return reply;
  }

  /// Calls `changed` when a record or its snapshots are others now, as after a crash they are to be
  /// known; empty: no more. Before the first call.
  void on_change(std::function<void(const std::string&)> changed) { changed_ = std::move(changed); }
  void changed(const std::string& workspace_id) const {
    if (changed_) changed_(workspace_id);
  }

  /// How long and how many expired ones are kept.
  const WorkspaceConfig& config() const { return config_; }
  /// When an expired one is deleted; nullopt: it is not expired.
  std::optional<double> deletion_of(const WorkspaceRecord& record) const;

  /// Calls `changed` when the next expiry may be another; empty: no more.
  void on_expiry_change(std::function<void()> changed);
  void expiry_changed();

 private:
  bool is_busy(const std::string& workspace_id) const;
  std::optional<double> near_expiry(const std::string& workspace_id) const;
  api::ExpiryAction on_expiry() const {
    return config_.keep_days > 0 ? api::ExpiryAction::kStop : api::ExpiryAction::kDelete;
  }

  const WorkspaceConfig config_;
  Machines& machines_;
  WorkspaceTable table_;
  Live<State> live_;
  std::vector<Part*> parts_;
  std::function<void(const std::string&)> changed_;
  std::mutex mutex_;
  std::function<void()> expiry_changed_;  ///< under mutex_, since commands end beside our own end
};

}  // namespace pyro::workspace
