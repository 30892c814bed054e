#include "services/vm/shim/gate.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/error.h"
#include "common/base/reasons/network.h"
#include "common/base/text.h"
#include "common/certificates/host_store.h"
#include "common/config/programs.h"
#include "common/network/injection.h"
#include "common/process/wait.h"
#include "common/secrets/secret_file.h"

namespace pyro::vm {
namespace {

void wipe(std::string& text) { ::explicit_bzero(text.data(), text.size()); }

UniqueFd make_packet_pair(UniqueFd& other) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    throw system_error("socketpair");
  }
  other.reset(ends[1]);
  return UniqueFd(ends[0]);
}

/// `socket` becomes our end, `broker` gets one too.
ChildProcess start_gate(const std::filesystem::path& directory,
                        const std::filesystem::path& package_cache, UniqueFd& socket,
                        std::unique_ptr<CacheBroker>& broker) {
  UniqueFd theirs;
  socket = make_packet_pair(theirs);
  UniqueFd of_cache;
  broker = std::make_unique<CacheBroker>(make_packet_pair(of_cache), package_cache);
  return ChildProcess(
      Command{.argv = {sibling_program(network::kGateProgram).string(), directory.string()},
              .descriptors = {{2, STDERR_FILENO},
                              {network::kGateSocket, theirs.get()},
                              {network::kGateCacheSocket, of_cache.get()}},
              .parentage = Parentage::kDieWithParent});
}

/// Nothing of it stays in this process.
UniqueFd injection_of(const network::Policy& policy) {
  SecretFile file = read_secret_file(policy.secret_file);
  network::Injection injection{.authority = std::move(file.authority),
                               .roots = host_certificates()};
  for (auto& secret : file.secrets) {
    if (!secret.hosts.empty()) {
      injection.secrets.push_back({secret.hosts, secret.placeholder, {secret.text()}});
    }
    wipe(secret.value.data);
  }
  UniqueFd sent = network::file_of(injection);
  for (auto& secret : injection.secrets) wipe(secret.value.data);
  wipe(injection.authority.key.data);
  return sent;
}

Error gone() {
  return unavailable(reason::kGateFailed, "the gate of the machine's network ended by itself");
}

Error refusal(const network::GateReport& report) {
  return {ErrorCode::kFailedPrecondition,
          report.reason.empty() ? std::string(reason::kGateFailed) : report.reason, report.message};
}

}  // namespace

Gate::Gate(const network::Policy& policy, const std::filesystem::path& directory,
           const std::filesystem::path& package_cache)
    : process_(start_gate(directory, package_cache, socket_, broker_)), policy_(policy) {
  order(policy);
}

void Gate::order(const network::Policy& policy) {
  UniqueFd injection;
  if (policy.injects()) injection = injection_of(policy);
  if (!network::send_order(socket_.get(), {.policy = policy}, injection.get())) throw gone();
  awaited_.push_back(policy);
  policy_ = policy;
}

void Gate::wait_until_applied(const Work& work) {
  while (!awaited_.empty()) {
    const network::Policy policy = std::move(awaited_.front());
    awaited_.pop_front();
    take(ready_ ? network::GateEvent::kPolicySet : network::GateEvent::kReady, policy, work);
    if (!ready_ && !tap_) throw internal_error("a gate gave no tap");
    ready_ = true;
  }
}

void Gate::take(network::GateEvent wanted, const network::Policy& policy, const Work& work) {
  network::ReceivedReport answer = next_report(work);
  if (answer.report.event != wanted) throw refusal(answer.report);
  if (answer.report.digest != network::digest_of(policy)) {
    throw internal_error("the gate has another policy than it was given");
  }
  if (answer.descriptor) tap_ = std::move(answer.descriptor);
  report_ = std::move(answer.report);
}

network::ReceivedReport Gate::next_report(const Work& work) const {
  if (!wait_for(socket_.get(), POLLIN, work.deadline, StopFd(work.stop))) {
    throw deadline_exceeded("the gate of the machine's network did not answer in time");
  }
  auto report = network::receive_report(socket_.get());
  if (!report) throw gone();
  return std::move(*report);
}

}  // namespace pyro::vm
