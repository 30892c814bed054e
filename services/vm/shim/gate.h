#pragma once

#include <deque>
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
  /// Starts it and orders the policy.
  Gate(const network::Policy& policy, const std::filesystem::path& directory,
       const std::filesystem::path& package_cache);

  /// Tells it to apply the policy in the place of the one before. kUnavailable: the gate is gone.
  void order(const network::Policy& policy);
  /// Returns once the last policy ordered applies, and the gate has a tap. An Error of the gate's
  /// reason: it does not start here, or refuses a policy, and the one before applies.
  /// kDeadlineExceeded, kCancelled; kUnavailable: the gate is gone.
  void wait_until_applied(const Work& work);

  /// The last one ordered.
  const network::Policy& policy() const { return policy_; }
  const network::GateReport& report() const { return report_; }
  /// The guest's side, once.
  UniqueFd take_tap() { return std::move(tap_); }
  /// Readable once it ended.
  int pidfd() const { return process_.pidfd(); }

 private:
  network::ReceivedReport next_report(const Work& work) const;
  void take(network::GateEvent wanted, const network::Policy& policy, const Work& work);

  UniqueFd socket_;
  std::unique_ptr<CacheBroker> broker_;  ///< moves with us, its thread does not
  ChildProcess process_;
  network::Policy policy_;
  std::deque<network::Policy> awaited_;  ///< ordered, and their reports have not come
  bool ready_ = false;
  network::GateReport report_;
  UniqueFd tap_;
};

}  // namespace pyro::vm
