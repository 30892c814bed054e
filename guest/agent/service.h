#pragma once

#include "common/api/agent.h"
#include "common/api/agent_secrets.h"
#include "common/api/agent_services.h"
#include "common/api/agent_trust.h"
#include "common/api/dispatcher.h"
#include "common/link/mux.h"
#include "guest/agent/job_table.h"
#include "guest/agent/machine.h"
#include "guest/agent/session.h"
#include "guest/agent/shells/shells.h"

namespace pyro::agent {

/// Answers the agent's operations: checks the request, calls a noun, builds the reply. Those on
/// shells it passes on.
class Service {
 public:
  Service(asio::io_context& io, JobTable& jobs, Shells& shells, Machine& machine);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// Runs the handler of the request's method. A missing handler does not compile.
  void dispatch(const std::shared_ptr<Session>& session, const link::Frame& request);

  /// Calls the action once all answers so far are on their way to the host.
  std::function<void(std::function<void()>)> when_flushed;

  template <class Op>
  using To = const Caller<Op>&;
  void handle(const api::agent::Hello& request, To<api::agent::Hello> caller);
  void handle(const api::agent::Personalize& request, To<api::agent::Personalize> caller);
  void handle(const api::agent::ConfigureNetwork& request, To<api::agent::ConfigureNetwork> caller);
  void handle(const api::agent::AskConnections& request, To<api::agent::AskConnections> caller);
  void handle(const api::agent::InstallSecrets& request, To<api::agent::InstallSecrets> caller);
  void handle(const api::agent::TrustCertificates& request,
              To<api::agent::TrustCertificates> caller);
  void handle(const api::agent::StartJob& request, To<api::agent::StartJob> caller);
  void handle(const api::agent::JobStatus& request, To<api::agent::JobStatus> caller);
  void handle(const api::agent::FollowJob& request, To<api::agent::FollowJob> caller);
  void handle(const api::agent::SignalJob& request, To<api::agent::SignalJob> caller);
  void handle(const api::agent::ForgetJob& request, To<api::agent::ForgetJob> caller);
  void handle(const api::agent::AskLeftRunning& request, To<api::agent::AskLeftRunning> caller);
  void handle(const api::agent::EndLeft& request, To<api::agent::EndLeft> caller);
  void handle(const api::agent::PowerOff& request, To<api::agent::PowerOff> caller);
  void handle(const api::agent::WaitJob& request, To<api::agent::WaitJob> caller);
  void handle(const api::agent::ReadLog& request, To<api::agent::ReadLog> caller);
  void handle(const api::agent::ProbeJob& request, To<api::agent::ProbeJob> caller);

 private:
  asio::io_context& io_;
  JobTable& jobs_;
  Machine& machine_;
  api::Dispatcher<void, const std::shared_ptr<Session>&> dispatcher_;
};

}  // namespace pyro::agent
