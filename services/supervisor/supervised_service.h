#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "common/api/stack.h"
#include "common/bus/client.h"
#include "common/config/paths.h"
#include "services/supervisor/service_process.h"
#include "services/supervisor/stack_file.h"

namespace pyro::supervisor {

/// The services' threads use it to signal state changes to each other and to the runner.
struct StateBoard {
  std::mutex mutex;
  std::condition_variable_any changed;
  bool stopping = false;  ///< under the mutex: the stack ends, and nothing is started any more
  int signal_fd = -1;     ///< readable once the supervisor was told to end

  /// Also between the signal and the runner's notice of it: a host that shuts down tells the
  /// services at the same moment.
  bool is_ending();
};

/// One service and the thread that keeps it running: adopts or starts it, watches and restarts it,
/// and gives it up after a crash loop. The thread sleeps in poll(2) between events.
class SupervisedService {
 public:
  struct Surroundings {
    const StackFile& stack;
    const Paths& paths;
    const std::vector<std::string>& settings;  ///< passed on as --set
    bus::Context& context;
    StateBoard& board;
    bool replace;  ///< processes of a former supervisor are not adopted
  };

  SupervisedService(ServiceEntry entry, const Surroundings& surroundings);
  SupervisedService(const SupervisedService&) = delete;
  SupervisedService& operator=(const SupervisedService&) = delete;
  ~SupervisedService();

  const ServiceEntry& entry() const { return entry_; }
  void start(std::vector<const SupervisedService*> predecessors);
  /// Sends SIGTERM, SIGKILL after the limit; returns once its process is gone.
  void stop();

  api::ServiceStatus status() const;
  /// Whether it runs or was given up. The caller holds the board's mutex.
  bool settled_locked() const;
  /// nullopt: it does not answer within a second.
  std::optional<api::Pong> ping(std::chrono::milliseconds limit = std::chrono::seconds(1));
  /// Makes the service end everything that would outlive its process.
  void quiesce(const Work& work) { client_.call(api::Quiesce{}, work); }

 private:
  void keep_running(const std::stop_token& stop,
                    const std::vector<const SupervisedService*>& predecessors);
  /// Runs it once, from start to end; returns why it ended. Throws kCancelled on a stop.
  void end_process();
  std::filesystem::path lock_file() const;
  std::string run_once(const StopFd& stop);
  std::optional<ServiceProcess> adopt(const StopFd& stop);
  ServiceProcess launch(const StopFd& stop);
  std::string watch(ServiceProcess& process, const StopFd& stop);
  std::string last_words() const;
  void set_state(api::ServiceState state, std::optional<std::string> error = std::nullopt);
  void set_running(pid_t pid);

  ServiceEntry entry_;
  Surroundings around_;
  bus::Client client_;
  std::filesystem::path stderr_file_;
  api::ServiceStatus status_;              ///< under the board's mutex
  bool replace_;                           ///< what the thread finds first; only for the thread
  std::optional<ServiceProcess> process_;  ///< only for the thread
  std::jthread thread_;
};

}  // namespace pyro::supervisor
