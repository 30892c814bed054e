#pragma once

#include <filesystem>
#include <memory>

#include "common/base/unique_fd.h"
#include "common/network/gate_protocol.h"
#include "common/process/child_process.h"
#include "common/work/work.h"
#include "services/vm/shim/cache_broker.h"

namespace pyro::vm {

/// One running gate. It ends with this object, and with the thread that made it.
class Gate {
 public:
  /// Starts it and gives it the policy.
  Gate(const network::Policy& policy, const std::filesystem::path& directory,
       const std::filesystem::path& package_cache);

  /// Returns once the policy applies. An Error of the gate's reason: it does not start here.
  /// kDeadlineExceeded, kCancelled.
  void wait_until_ready(const Work& work);

  /// Returns once the policy applies in place of the one before. kUnavailable: the gate is gone. An
  /// Error of the gate's reason: it refuses, and the one before applies.
  void change(const network::Policy& policy, const Work& work);

  const network::Policy& policy() const { return policy_; }
  const network::GateReport& report() const { return report_; }
  /// The guest's side, once.
  UniqueFd take_tap() { return std::move(tap_); }
  /// Readable once it ended.
  int pidfd() const { return process_.pidfd(); }

 private:
  network::ReceivedReport next_report(const Work& work) const;
  void take(network::GateEvent wanted, const network::Policy& policy, const Work& work);
  void order(const network::Policy& policy) const;

  UniqueFd socket_;
  std::unique_ptr<CacheBroker> broker_;  ///< moves with us, its thread does not
  ChildProcess process_;
  network::Policy policy_;
  network::GateReport report_;
  UniqueFd tap_;
};

}  // namespace pyro::vm
