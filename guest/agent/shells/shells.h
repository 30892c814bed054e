#pragma once

#include <asio/io_context.hpp>
#include <map>
#include <memory>
#include <string>

#include "common/api/agent_shells.h"
#include "common/api/dispatcher.h"
#include "guest/agent/job_processes.h"
#include "guest/agent/session.h"
#include "guest/agent/shells/shell.h"

namespace pyro::agent {

/// Answers the agent's operations on shells, which it knows until they are closed.
class Shells {
 public:
  Shells(asio::io_context& io, Launcher& launcher) : io_(io), launcher_(launcher) {}

  template <class Op>
  using To = const Caller<Op>&;
  void handle(const api::agent::OpenShell& request, To<api::agent::OpenShell> caller);
  void handle(const api::agent::ReadShell& request, To<api::agent::ReadShell> caller);
  void handle(const api::agent::FollowShell& request, To<api::agent::FollowShell> caller);
  void handle(const api::agent::AwaitShell& request, To<api::agent::AwaitShell> caller);
  void handle(const api::agent::WriteShell& request, To<api::agent::WriteShell> caller);
  void handle(const api::agent::SignalShell& request, To<api::agent::SignalShell> caller);
  void handle(const api::agent::ResizeShell& request, To<api::agent::ResizeShell> caller);
  void handle(const api::agent::CloseShell& request, To<api::agent::CloseShell> caller);

 private:
  std::shared_ptr<Shell> find(const std::string& id) const;

  asio::io_context& io_;
  Launcher& launcher_;
  std::map<std::string, std::shared_ptr<Shell>> shells_;
};

}  // namespace pyro::agent
