#include "services/vm/boot/guest_boot.h"

#include "common/api/agent.h"
#include "common/api/agent_files.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/random.h"
#include "common/base/reasons/machine.h"
#include "common/base/text.h"
#include "common/link/agent_client.h"
#include "common/log/log.h"
#include "common/process/wait.h"
#include "services/vm/boot/guest_exec.h"
#include "services/vm/boot/guest_network.h"
#include "services/vm/boot/shim_control.h"

namespace pyro::vm {
namespace {

constexpr std::size_t kConsoleTail = 1500;
constexpr std::size_t kSeedBytes = 64;
/// To forget a job of a guest that has just answered.
constexpr std::chrono::seconds kForgetLimit{10};
constexpr std::size_t kMostRehearsalOutput = 1U << 20U;
/// How late a guest's clock may be after it was set.
constexpr std::chrono::milliseconds kClockError{50};
constexpr int kClockTries = 5;

std::vector<std::int32_t> numbers_of(const Launch& launch) {
  std::vector<std::int32_t> numbers;
  for (const auto& [number, fd] : launch.descriptors) numbers.push_back(number);
  return numbers;
}

/// A shim that has closed its link to the guest may still be ending.
bool ends_by_itself(const ShimProcess& shim) {
  constexpr std::chrono::seconds kEndOfShim{1};
  return wait_for(shim.pidfd(), POLLIN, Clock::now() + kEndOfShim, StopFd({}));
}

ShimProcess try_boot(const std::filesystem::path& shim_program, Launch& launch,
                     const MachinePaths& paths, const Work& work) {
  std::filesystem::remove(paths.console_log());
  const ShimSpec spec{.argv = launch.argv,
                      .link_socket = paths.link_socket.string(),
                      .control_socket = launch.has_monitor ? paths.control_socket.string() : "",
                      .vmm_log = paths.vmm_log().string(),
                      .console_log = launch.has_console ? paths.console_log().string() : "",
                      .descriptors = numbers_of(launch),
                      .niceness = launch.niceness,
                      .ends_by_signals = launch.ends_by_signals,
                      .confinement = launch.confinement};
  std::vector<std::pair<int, int>> descriptors;
  for (const auto& [number, fd] : launch.descriptors) descriptors.emplace_back(number, fd.get());
  ShimProcess shim = ShimProcess::start(shim_program, paths, spec, descriptors, work);
  launch.descriptors.clear();
  try {
    if (launch.has_monitor && launch.network.has_network())
      prepare_guest_network(paths, launch.network, work);
    if (launch.restored) ShimControl(paths.control_socket).call(control::Load{}, work);
    auto agent = link::AgentConnection::dial(paths.link_socket, api::agent::kPort, work);
    agent.call(api::agent::Hello{}, work);
    // Whatever answers there: it began without a carrier.
    if (launch.has_monitor) {
      ShimControl(paths.control_socket).call(control::DescribeNetwork{}, work);
    }
  } catch (const Error& error) {
    const bool ended = error.reason() == reason::kGuestAway && ends_by_itself(shim);
    shim.end();
    if (ended) throw unavailable(reason::kGuestAway, "the guest ended by itself");
    throw;
  } catch (...) {
    shim.end();
    throw;
  }
  return shim;
}

/// The last words of the guest and its VMM, for the error.
std::string last_words(const MachinePaths& paths) {
  const std::string console = printable(trim(read_tail(paths.console_log(), kConsoleTail)));
  const std::string vmm = printable(trim(read_tail(paths.vmm_log(), kConsoleTail)));
  return fmt::format("console: {}{}{}", console.empty() ? "(silent)" : console,
                     vmm.empty() ? "" : "; VMM: ", vmm);
}

std::uint64_t realtime_ns() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                        std::chrono::system_clock::now().time_since_epoch())
                                        .count());
}

/// The guest's clock is late by what the request took to get there: on a busy host it is asked
/// again, when it has just done the same and the way is short.
void personalize(const MachinePaths& paths, api::agent::Personalize identity, const Work& work) {
  auto agent = link::AgentConnection::dial(paths.link_socket, api::agent::kPort, work);
  for (int attempt = 0; attempt < kClockTries; ++attempt) {
    identity.random_seed = {random_bytes(kSeedBytes)};
    identity.realtime_ns = realtime_ns();
    const auto sent = Clock::now();
    agent.call(identity, work);
    if (Clock::now() - sent < kClockError) return;
  }
  log::warn("the clock of '{}' may be late by more than {} ms: the host is busy",
            identity.host_name, kClockError.count());
}

/// Throws the output away, and gives up on what prints without end: output moves a follower's
/// deadline.
OutputSink bounded_sink() {
  return [bytes = std::size_t{0}](std::uint32_t, std::string_view data) mutable {
    bytes += data.size();
    if (bytes > kMostRehearsalOutput) throw unavailable("the rehearsal prints without end");
  };
}

}  // namespace

ShimProcess boot_guest(const std::filesystem::path& shim_program, Launch& launch,
                       const MachinePaths& paths, const BootLimits& limits, const Work& work) {
  for (int attempt = 1;; ++attempt) {
    try {
      return limits.answer.run(work, [&](const Work& one_try) {
        return try_boot(shim_program, launch, paths, one_try);
      });
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kCancelled) throw;
      const Error told(
          error.code(), error.reason(),
          fmt::format("the guest did not answer ({}); {}", error.message(), last_words(paths)));
      log::warn("boot, try {} of {}: {}", attempt, limits.tries, told.message());
      if (attempt >= limits.tries || Clock::now() >= work.deadline) throw told;
    }
  }
}

void personalize_guest(const MachinePaths& paths, const std::string& vm_id, const Limit& limit,
                       const Work& work) {
  limit.run(work, [&](const Work& brief) {
    personalize(paths, {.host_name = vm_id, .machine_id = random_hex(16)}, brief);
  });
}

void rehearse(const MachinePaths& paths, const std::string& command, const GuestLimits& limits,
              const Work& work) {
  limits.personalize.run(work, [&](const Work& brief) {
    // As long as a machine's own, so that the files that hold them are overwritten in place.
    personalize(paths, {.host_name = std::string(12, '0'), .machine_id = std::string(32, '0')},
                brief);
  });
  const auto job = limits.rehearsal.run(work, [&](const Work& brief) {
    auto ended =
        exec_in_guest(paths, {command, "/root", limits.rehearsal.time}, bounded_sink(), brief);
    if (ended.state == api::JobState::kTimedOut) {
      throw deadline_exceeded(reason::kGuestSilent, "the rehearsal in the guest took too long");
    }
    return ended;
  });
  if (job.exit_code != 0) {
    throw unavailable("the rehearsal in the guest ended with status {}",
                      job.exit_code.value_or(-1));
  }
  const Work brief = work.within(kForgetLimit);
  auto agent = link::AgentConnection::dial(paths.link_socket, api::agent::kPort, brief);
  agent.call(api::agent::ForgetJob{.job_id = job.job_id}, brief);
}

void rehearse_workspace(const MachinePaths& paths, const Limit& limit, const Work& work) {
  limit.run(work, [&](const Work& brief) {
    auto agent = link::AgentConnection::dial(paths.link_socket, api::agent::kFilesPort, brief);
    agent.call(api::agent::MountVolume{}, brief);
    api::agent::ReplaceFile file{.path = "rehearsal/file"};
    file.content.data = "content";
    agent.call(file, brief);
    agent.call(api::agent::ReadPart{.path = file.path}, brief);
    agent.call(api::agent::ReleaseVolume{}, brief);
  });
}

void mount_workspace(const MachinePaths& paths, const Limit& limit, const Work& work) {
  with_context("mount the workspace's volume", [&] {
    limit.run(work, [&](const Work& brief) {
      auto agent = link::AgentConnection::dial(paths.link_socket, api::agent::kFilesPort, brief);
      agent.call(api::agent::MountVolume{}, brief);
    });
  });
}

}  // namespace pyro::vm
