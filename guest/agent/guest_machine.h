#pragma once

#include <string>
#include <vector>

#include "common/base/unique_fd.h"
#include "guest/agent/connection_table.h"
#include "guest/agent/files/workspace.h"
#include "guest/agent/machine.h"
#include "guest/agent/network_card.h"
#include "guest/agent/package_mirrors.h"
#include "guest/agent/trust/trust_store.h"

namespace pyro::agent {

/// The microVM where the agent is pid 1.
class GuestMachine : public Machine {
 public:
  /// `volumes`: a descriptor in each file system to freeze before power off, beside the workspace.
  /// `connections` may be null.
  GuestMachine(std::vector<UniqueFd> volumes, files::Workspace& workspace,
               ConnectionTable* connections)
      : volumes_(std::move(volumes)), workspace_(workspace), connections_(connections) {}

  void personalize(const api::agent::Personalize& identity) override;
  void configure_network(const api::agent::ConfigureNetwork& wanted) override;
  api::agent::JobConnections connections(const api::agent::AskConnections& request) const override;
  void trust_certificates(const api::agent::TrustCertificates& wanted) override;
  void install_secrets(const api::agent::InstallSecrets& request) override;
  [[noreturn]] void power_off() override;

  /// Writes what its commands wrote to its disks. Needless before a workspace is mounted: nobody
  /// starts such a machine again.
  void flush() noexcept;

 private:
  std::vector<UniqueFd> volumes_;
  files::Workspace& workspace_;
  ConnectionTable* connections_;
  NetworkCard card_{"eth0", "/etc/resolv.conf"};
  TrustStore trust_{"/"};
  PackageMirrors mirrors_;
  bool has_secrets_mount_ = false;
};

}  // namespace pyro::agent
