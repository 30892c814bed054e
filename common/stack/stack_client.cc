#include "common/stack/stack_client.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/stack.h"
#include "common/base/text.h"
#include "common/process/child_process.h"
#include "common/process/pidfd.h"
#include "common/registry/recovery.h"
#include "common/stack/installation.h"

namespace pyro {
namespace {

constexpr std::chrono::seconds kAnswerLimit{5};
constexpr std::chrono::seconds kStartLimit{15};
/// Ending all machines and then the services in order; see services/supervisor.
constexpr std::chrono::seconds kDownLimit{180};
/// A running supervisor makes vanished sockets again at once, if the host lets it.
constexpr std::chrono::seconds kBindLimit{5};
constexpr std::chrono::milliseconds kLook{50};
/// Until each service runs or was given up.
constexpr std::uint64_t kSettleMs = 20000;
/// Between two looks whether a service listens, while others start as well.
constexpr std::uint64_t kStartSliceMs = 500;
constexpr std::size_t kLastWords = 600;

/// `text` of `error: text`, as the main of a service prints it.
std::string last_words(const std::filesystem::path& file) {
  const std::string said = printable(read_tail(file, kLastWords));
  std::string_view words = trim(said);
  constexpr std::string_view kPrefix = "error: ";
  if (words.starts_with(kPrefix)) words.remove_prefix(kPrefix.size());
  return std::string(words);
}

}  // namespace

StackClient::StackClient(Paths paths, std::vector<std::string> settings)
    : paths_(std::move(paths)), settings_(std::move(settings)) {}

std::string StackClient::owner_of(std::string_view method) {
  const std::string_view noun = method.substr(0, method.find('.'));
  return noun == "stack" ? "supervisor" : std::string(noun);
}

bus::Client& StackClient::client(const std::string& service) {
  const std::lock_guard lock(mutex_);
  auto& client = clients_[service];
  if (!client) {
    client = std::make_unique<bus::Client>(context_, service, paths_.bus_socket(service));
  }
  return *client;
}

bool StackClient::listens(std::string_view service) const {
  // A plain connect tells at once; the bus would wait for a service that may come back. A socket
  // that a killed supervisor left behind refuses.
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = paths_.bus_socket(service).string();
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) throw system_error("socket");
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);  // the socket API's own cast
  if (::connect(fd.get(), generic, sizeof address) == 0) return true;
  return errno == EAGAIN;  // its backlog is full: a process listens
}

std::optional<LockHolder> StackClient::supervisor() const {
  return find_lock_holder(paths_.state_dir / "supervisor.lock");
}

/// Its runtime directory may have vanished, and it binds its socket again.
bool StackClient::listens_soon(const std::stop_token& stop) const {
  if (listens()) return true;
  const auto holder = supervisor();
  if (!holder || !serves_here()) return false;
  const Deadline limit = Clock::now() + kBindLimit;
  while (!listens()) {
    if (wait_for(holder->pidfd.get(), POLLIN, std::min(limit, Clock::now() + kLook),
                 StopFd(stop)) ||
        Clock::now() >= limit) {
      return listens();
    }
  }
  return true;
}

/// Whether the supervisor of our state directory has its sockets in our runtime directory.
bool StackClient::serves_here() const {
  const auto lines = split(read_file(paths_.state_dir / "supervisor.lock", 8192), '\n');
  return lines.size() > 1 && lines[1] == paths_.runtime_dir.string();
}

std::optional<api::Stack> StackClient::status(const api::StackStatus& request,
                                              const std::stop_token& stop) {
  if (!listens_soon(stop)) return std::nullopt;
  const auto limit = kAnswerLimit + std::chrono::milliseconds(request.wait_ms);
  try {
    return client("supervisor").call(request, {.deadline = Clock::now() + limit, .stop = stop});
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    if (!listens()) return std::nullopt;  // it ended meanwhile
    throw error.within("ask pyro-supervisor");
  }
}

bool StackClient::down(const std::stop_token& stop) {
  const auto stack = status({}, stop);
  if (stack) check_state_dir(*stack);
  auto holder = supervisor();
  if (!holder) {
    if (!is_held()) return false;
    // Services that outlived a killed supervisor: a new one adopts and ends them.
    ensure_running(stop);
    status({.wait_ms = kSettleMs}, stop);
    holder = supervisor();
    if (!holder) return true;
  }
  // The signal rather than stack.down: its answer is the end of the process. ZeroMQ drops what an
  // IMMEDIATE socket has received but not read when its peer closes, so that the last answer of a
  // process that ends may be lost.
  signal_pidfd(holder->pidfd.get(), SIGTERM);
  wait_for_end(*holder, stop);
  return true;
}

/// Whether a service works in the state directory, or serves in the runtime directory.
bool StackClient::is_held() const {
  const auto is_locked = [](const std::filesystem::path& file) {
    return std::filesystem::exists(file) && !FileLock::attempt(file).held();
  };
  if (is_locked(paths_.registry().string() + kRegistryInUse)) return true;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(paths_.bus_dir(), none)) {
    if (entry.path().extension() == ".lock" && is_locked(entry.path())) return true;
  }
  return false;
}

void StackClient::check_state_dir(const api::Stack& stack) const {
  if (stack.state_dir == paths_.state_dir) return;
  throw failed_precondition(
      reason::kStackOtherState,
      "the stack in '{}' belongs to state directory '{}', not '{}': set PYRO_RUNTIME_DIR to "
      "another directory, or unset it",
      paths_.runtime_dir.string(), stack.state_dir, paths_.state_dir.string());
}

void StackClient::wait_for_end(const LockHolder& supervisor, const std::stop_token& stop) const {
  if (!wait_for(supervisor.pidfd.get(), POLLIN, Clock::now() + kDownLimit, StopFd(stop))) {
    throw deadline_exceeded(
        "pyro-supervisor (process {}) was told to end {} s ago and still runs; its log: '{}'",
        supervisor.pid, kDownLimit.count(), log_of("supervisor"));
  }
}

void StackClient::ensure_running(const std::stop_token& stop) {
  {
    const std::lock_guard lock(mutex_);
    // It may have ended since, by its idle exit; a long-lived door starts it again.
    if (known_to_run_ && listens()) return;
  }
  if (!usable_runs(stop)) {
    paths_.make_directories();
    // Held over the start, so that the second of two finds the stack of the first.
    const FileLock starting = FileLock::wait(paths_.runtime_dir / "start.lock");
    if (!usable_runs(stop)) start(Found::kAdopted, stop);
  }
  const std::lock_guard lock(mutex_);
  known_to_run_ = true;
}

bool StackClient::usable_runs(const std::stop_token& stop) {
  const auto stack = status({}, stop);
  if (!stack) return false;
  check_state_dir(*stack);
  if (stack->stopping) {
    if (const auto holder = supervisor()) wait_for_end(*holder, stop);
    return false;
  }
  if (stack->version == PYRO_VERSION) return true;
  if (!is_idle(*stack)) {
    throw failed_precondition(reason::kVersionMismatch,
                              "the running stack is of version {}, this is {}, and it has work: "
                              "run `pyro stack restart`, "
                              "which lets machines go on",
                              stack->version, PYRO_VERSION);
  }
  down(stop);
  return false;
}

api::Pong StackClient::ping(const std::string& service) {
  return client(service).call(api::Ping{}, {.deadline = Clock::now() + kAnswerLimit});
}

bool StackClient::is_idle(const api::Stack& stack) {
  return std::all_of(stack.services.begin(), stack.services.end(), [this](const auto& service) {
    if (service.state != api::ServiceState::kRunning) return true;
    const api::Pong pong = ping(service.name);
    return pong.running == 0 && pong.open_calls == 0;
  });
}

std::uint32_t StackClient::restart(bool force, const std::stop_token& stop) {
  paths_.make_directories();
  const auto stack = status({}, stop);
  if (stack) check_state_dir(*stack);
  std::uint32_t machines = 0;
  std::uint32_t calls = 0;
  for (const auto& service : stack ? stack->services : std::vector<api::ServiceStatus>{}) {
    if (service.state != api::ServiceState::kRunning) continue;
    const api::Pong pong = ping(service.name);
    machines += pong.running;
    calls += pong.open_calls;
  }
  if (calls > 0 && !force) {
    throw failed_precondition(
        reason::kBusy,
        "{} call{} under way, which a restart would cut off: wait for {}, or use --force", calls,
        calls == 1 ? " is" : "s are", calls == 1 ? "it" : "them");
  }
  // Another command must not start a supervisor in between, which would adopt the services.
  const FileLock starting = FileLock::wait(paths_.runtime_dir / "start.lock");
  if (const auto holder = supervisor()) {
    // Ended in an orderly way it would end the machines; killed, it ends nothing but itself.
    signal_pidfd(holder->pidfd.get(), SIGKILL);
    wait_for_end(*holder, stop);
  }
  start(Found::kReplaced, stop);
  status({.wait_ms = kSettleMs}, stop);
  return machines;
}

void StackClient::start(Found found, const std::stop_token& stop) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error("pipe2");
  const UniqueFd ready(ends[0]);
  UniqueFd ready_write(ends[1]);
  const auto words_file = paths_.logs_dir() / "supervisor.stderr";
  const UniqueFd words = open_file(words_file, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
  Command command{.argv = {find_helper("pyro-supervisor").string()},
                  .environment = {{"PYRO_STATE_DIR", paths_.state_dir.string()},
                                  {"PYRO_CACHE_DIR", paths_.cache_dir.string()},
                                  {"PYRO_ENVIRONMENT_CACHE_DIR", paths_.environments_dir.string()},
                                  {"PYRO_RUNTIME_DIR", paths_.runtime_dir.string()},
                                  // It is about this caller's machines, and goes with each call.
                                  {"PYRO_BOOT", std::nullopt},
                                  {"PYRO_REPLACE_SERVICES",
                                   found == Found::kReplaced ? std::optional("1") : std::nullopt},
                                  {"PYRO_READY_FD", "3"}},
                  .directory = "/",
                  .descriptors = {{2, words.get()}, {3, ready_write.get()}},
                  .parentage = Parentage::kDetached};
  for (const auto& setting : settings_) {
    command.argv.insert(command.argv.end(), {"--set", setting});
  }
  ChildProcess supervisor(command);
  ready_write.reset();
  if (!wait_for(ready.get(), POLLIN, Clock::now() + kStartLimit, StopFd(stop))) {
    throw deadline_exceeded(reason::kStackNotStarted,
                            "pyro-supervisor was not ready within {} s; its log: '{}'",
                            kStartLimit.count(), (paths_.logs_dir() / "supervisor.log").string());
  }
  char byte = 0;
  if (::read(ready.get(), &byte, 1) != 1) {
    // The descriptor closes before the last words are written.
    supervisor.wait(Clock::now() + kStartLimit, StopFd(stop));
    const std::string said = last_words(words_file);
    throw failed_precondition(reason::kStackNotStarted, "the stack could not be started: {}",
                              said.empty() ? "pyro-supervisor ended without a word" : said);
  }
  supervisor.release();
}

std::string StackClient::call_raw(api::Method method, const std::string& params, const Work& work) {
  const std::string service = owner_of(method.name);
  bool may_repeat = method.idempotent == api::Idempotent::kYes;
  for (;;) {
    ensure_running(work.stop);
    // The bus waits only some seconds for a service that does not listen.
    wait_while_starting(service, work);
    if (!listens(service)) {
      if (const auto error = given_up(service)) throw Error(*error);
    }
    try {
      return client(service).call_raw(method, params, work);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kUnavailable) throw;
      // If the whole stack is gone, only a caller brings the service back.
      if (!std::exchange(may_repeat, false) || listens()) throw explained(service, error);
    }
  }
}

void StackClient::wait_while_starting(const std::string& service, const Work& work) {
  while (service != "supervisor" && !listens(service)) {
    const auto stack = status({.wait_ms = kStartSliceMs}, work.stop);
    if (!stack) return;
    const auto found =
        std::find_if(stack->services.begin(), stack->services.end(),
                     [&service](const auto& status) { return status.name == service; });
    if (found == stack->services.end() || found->state != api::ServiceState::kStarting) return;
    if (Clock::now() < work.deadline) continue;
    throw deadline_exceeded(reason::kServiceAway, "service '{}' is still starting; its log: '{}'",
                            service, log_of(service));
  }
}

std::optional<Error> StackClient::given_up(const std::string& service) {
  const auto stack = status();
  if (!stack) return unavailable(reason::kServiceAway, "the stack ended meanwhile; try again");
  for (const auto& status : stack->services) {
    if (status.name != service || status.state != api::ServiceState::kFailed) continue;
    return unavailable(
        reason::kServiceFailed,
        "service '{}' was given up: it {}. Its log: '{}'. `pyro stack down` makes the next command "
        "start afresh",
        service, status.last_error.value_or("failed"), log_of(service));
  }
  return std::nullopt;
}

Error StackClient::explained(const std::string& service, const Error& error) {
  try {
    if (const auto why = given_up(service)) return *why;
  } catch (const Error&) {  // the first error says more
  }
  const std::string_view reason = error.reason();
  // Any other is about something that the service met, as another service that is away.
  if (reason != reason::kServiceAway && reason != reason::kInterrupted) return error;
  return {error.code(), reason, fmt::format("{}; its log: '{}'", error.message(), log_of(service))};
}

std::string StackClient::log_of(const std::string& service) const {
  return (paths_.logs_dir() / (service + ".log")).string();
}

}  // namespace pyro
