#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "common/api/agent_services.h"
#include "common/base/clock.h"
#include "common/bus/call.h"
#include "common/config/paths.h"
#include "common/work/work.h"
#include "services/workspace/services/service_log.h"
#include "services/workspace/services/service_table.h"

namespace pyro::workspace {

/// The services that run. Each is a job of its guest's agent and has a thread here, which waits
/// for its readiness and then for its end, and records both, with or without a caller; the next
/// process takes up those that outlive this one. Thread-safe.
class RunningServices {
 public:
  /// In one workspace; each holds one of the streams of its guest's link.
  static constexpr std::size_t kMostAtOnce = 32;

  struct Hooks {
    /// The row of a service is another now: it became ready, failed, or ended.
    std::function<void(const ServiceRecord& now)> recorded;
    /// Whether the machine is known to run no more. One that is silent may come back.
    std::function<bool(const std::string& vm_id)> machine_is_gone;
    /// A service is of no more concern: any() no longer counts it.
    std::function<void()> done;
  };
  RunningServices(Paths paths, ServiceTable& table, const ServiceLogFiles& logs, Hooks hooks);
  RunningServices(const RunningServices&) = delete;
  RunningServices& operator=(const RunningServices&) = delete;
  /// Lets go of them; they continue in their guests.
  ~RunningServices();

  struct Environment {
    std::string vm_id;
    std::uint32_t mem_mib = 0;
    std::map<std::string, std::string> variables;
    std::shared_ptr<const Redactor> redactor;  ///< or null
  };
  /// Records it and starts it. Returns once it runs, or once that is unknown: its thread finds out,
  /// and ends one that fails to become ready. Throws when it is not begun, and its row is gone
  /// again; or when `stop` ended the start, which goes on unless the caller cancelled it.
  void start(const ServiceRecord& service, const Environment& environment, const bus::Call& call,
             const std::stop_token& stop);
  /// Takes up one that a former process started.
  void adopt(const ServiceRecord& service, const Environment& environment);

  /// Waits until it is ready or has ended; false when the deadline or a stop came first.
  bool wait_until_settled(const std::string& job_id, const Work& work) const;

  /// TERM to all its processes, KILL to what is there after `patience`; returns once its end is
  /// recorded with that reason. deadline_exceeded: the guest does not end it in time.
  void stop(const ServiceRecord& service, std::chrono::seconds patience,
            std::optional<api::StopReason> reason);
  /// The same of all of a workspace, whose guest goes; none is waited for longer than `patience`.
  void stop_all(const WorkspaceRecord& workspace, std::chrono::seconds patience);

  bool any(const std::string& workspace_id) const;

 private:
  struct Running {
    ServiceRecord begun;
    std::string vm_id;
    std::map<std::string, std::string> variables{};  ///< environment variables
    std::shared_ptr<const Redactor> redactor{};      ///< or null
    bool unwanted = false;                           ///< its start was cancelled
    bool settled = false;
    bool done = false;
    std::jthread thread;
  };

  void launch(std::unique_ptr<Running> running);
  void run(Running& running, const std::stop_token& stop);
  std::optional<std::string> wait_until_ready(Running& running, const std::stop_token& stop);
  enum class Until { kItEnds, kKilled };
  std::optional<api::agent::Job> wait_for_end(Running& running, Until until,
                                              const std::stop_token& stop);
  void record_end(Running& running, const std::optional<api::agent::Job>& ended,
                  const std::optional<std::string>& failure, const std::stop_token& stop);
  void change(const ServiceRecord& service, const std::function<void(ServiceRecord&)>& change);
  void settle(Running& running);
  void signal(const ServiceRecord& service, const std::string& vm_id, int number) const;
  bool may_run(const Running& running, const Work& work) const;
  bool wait_until_gone(const std::string& job_id, Deadline limit) const;
  std::string last_words(const Running& running, const std::stop_token& stop) const;
  void collect_finished();
  void require_room(const std::string& workspace_id) const;

  Paths paths_;
  ServiceTable& table_;
  const ServiceLogFiles& logs_;
  Hooks hooks_;
  mutable std::mutex mutex_;
  mutable std::condition_variable_any changed_;
  std::list<std::unique_ptr<Running>> running_;
};

}  // namespace pyro::workspace
