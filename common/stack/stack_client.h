#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/api/stack.h"
#include "common/bus/client.h"
#include "common/config/paths.h"
#include "common/process/pidfd.h"

namespace pyro {

/// The stack for a door: starts it on demand, shares a running one, and finds services by their
/// operations. Thread-safe. Block the termination signals before making one.
class StackClient {
 public:
  /// `settings` (such as limits.max_active=2) go to a stack that this client starts.
  explicit StackClient(Paths paths, std::vector<std::string> settings = {});

  const Paths& paths() const { return paths_; }
  const std::vector<std::string>& settings() const { return settings_; }

  /// Returns once a supervisor of this version answers, running or new. Two concurrent calls start
  /// one. Replaces a supervisor of another version if its services hold nothing, else
  /// failed_precondition.
  void ensure_running(const std::stop_token& stop = {});

  /// Whether a supervisor listens; waits for nothing and starts nothing.
  bool runs() const { return listens(); }

  /// The state of the stack, nullopt if none runs; starts nothing.
  std::optional<api::Stack> status(const api::StackStatus& request = {},
                                   const std::stop_token& stop = {});

  /// Ends the stack, and services that outlived their supervisor; returns once all of it is gone.
  /// False: nothing ran. failed_precondition: it is of another state directory.
  bool down(const std::stop_token& stop = {});

  /// Replaces the supervisor and the services of a running stack, of whatever version, by those of
  /// this program; starts one if none runs. Machines and the commands of workspaces go on; returns
  /// how many machines did. failed_precondition (busy): calls are under way, which it would cut
  /// off; `force` does so.
  std::uint32_t restart(bool force, const std::stop_token& stop = {});

  /// Calls the service that owns `Op`, after ensure_running. Repeats an idempotent call once if the
  /// whole stack ended meanwhile. If the service was given up, the error names the reason and the
  /// log.
  template <api::Operation Op>
  typename Op::Reply call(const Op& request, const Work& work = {}) {
    api::validate(request);
    return api::from_msgpack<typename Op::Reply>(
        call_raw(Op::kMethod, api::to_msgpack(request), work), api::UnknownFields::kIgnore);
  }

  /// The client of one service; starts nothing.
  bus::Client& client(const std::string& service);

 private:
  std::string call_raw(api::Method method, const std::string& params, const Work& work);
  /// `vm` of `vm.run`, `supervisor` of `stack.down`.
  static std::string owner_of(std::string_view method);
  /// Adds the path of the service's log if the error is about the service.
  Error explained(const std::string& service, const Error& error);
  /// The error for a service that was given up after a crash loop.
  /// Waits for a service that does not listen yet, while its supervisor says that it starts.
  void wait_while_starting(const std::string& service, const Work& work);
  std::optional<Error> given_up(const std::string& service);
  std::string log_of(const std::string& service) const;
  bool listens(std::string_view service = "supervisor") const;
  /// True: a supervisor of our version answers. Ends one of another version.
  bool usable_runs(const std::stop_token& stop);
  bool is_idle(const api::Stack& stack);
  std::optional<LockHolder> supervisor() const;
  bool serves_here() const;
  bool listens_soon(const std::stop_token& stop) const;
  bool is_held() const;
  /// failed_precondition: the stack is of another state directory.
  void check_state_dir(const api::Stack& stack) const;
  void wait_for_end(const LockHolder& supervisor, const std::stop_token& stop) const;
  /// What a new supervisor does with services that it finds running.
  enum class Found { kAdopted, kReplaced };
  void start(Found found, const std::stop_token& stop);
  api::Pong ping(const std::string& service);

  Paths paths_;
  std::vector<std::string> settings_;
  bus::Context context_;
  std::mutex mutex_;
  bool known_to_run_ = false;
  std::map<std::string, std::unique_ptr<bus::Client>> clients_;
};

}  // namespace pyro
