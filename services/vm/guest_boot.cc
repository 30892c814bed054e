#include "services/vm/guest_boot.h"

#include <chrono>

#include "common/api/agent.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/random.h"
#include "common/base/text.h"
#include "common/link/agent_client.h"
#include "common/log/log.h"

namespace pyro::vm {
namespace {

constexpr std::size_t kConsoleTail = 1500;
constexpr std::size_t kSeedBytes = 64;
constexpr std::chrono::seconds kPersonalizeLimit{10};

ShimProcess try_boot(const std::filesystem::path& shim_program, const Launch& launch,
                     const MachinePaths& paths, Deadline deadline, const std::stop_token& stop) {
  std::filesystem::remove(paths.console_log());
  const StopFd stop_fd(stop);
  const ShimSpec spec{.argv = launch.argv,
                      .link_socket = paths.link_socket.string(),
                      .vmm_log = paths.vmm_log().string()};
  ShimProcess shim = ShimProcess::start(shim_program, paths, spec, deadline, stop_fd);
  try {
    auto agent =
        link::AgentConnection::dial(paths.link_socket, api::agent::kPort, deadline, stop_fd);
    agent.call(api::agent::Hello{}, deadline, stop_fd);
  } catch (...) {
    shim.end();
    throw;
  }
  return shim;
}

/// What the guest and its VMM said last, for the error.
std::string last_words(const MachinePaths& paths) {
  const std::string console = printable(trim(read_tail(paths.console_log(), kConsoleTail)));
  const std::string vmm = printable(trim(read_tail(paths.vmm_log(), kConsoleTail)));
  return fmt::format("console: {}{}{}", console.empty() ? "(silent)" : console,
                     vmm.empty() ? "" : "; VMM: ", vmm);
}

}  // namespace

ShimProcess boot_guest(const std::filesystem::path& shim_program, const Launch& launch,
                       const MachinePaths& paths, const BootLimits& limits, Deadline deadline,
                       const std::stop_token& stop) {
  for (int attempt = 1;; ++attempt) {
    const Deadline answer_by = std::min(deadline, Clock::now() + limits.answer);
    try {
      return try_boot(shim_program, launch, paths, answer_by, stop);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kCancelled) throw;
      const std::string what =
          fmt::format("the guest did not answer ({}); {}", error.message(), last_words(paths));
      log::warn("boot, try {} of {}: {}", attempt, limits.tries, what);
      if (attempt >= limits.tries || Clock::now() >= deadline) throw unavailable("{}", what);
    }
  }
}

void personalize_guest(const MachinePaths& paths, const std::string& vm_id, Deadline deadline,
                       const std::stop_token& stop) {
  const StopFd stop_fd(stop);
  const Deadline limit = std::min(deadline, Clock::now() + kPersonalizeLimit);
  auto agent = link::AgentConnection::dial(paths.link_socket, api::agent::kPort, limit, stop_fd);
  api::agent::Personalize request{
      .random_seed = {random_bytes(kSeedBytes)}, .host_name = vm_id, .machine_id = random_hex(16)};
  request.realtime_ns =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                     std::chrono::system_clock::now().time_since_epoch())
                                     .count());
  agent.call(request, limit, stop_fd);
}

}  // namespace pyro::vm
