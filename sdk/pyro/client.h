#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "common/api/environment.h"
#include "common/api/machine.h"
#include "common/api/progress.h"
#include "common/api/workspace_files.h"

namespace pyro {

class StackClient;

/// How one call is made.
struct CallOptions {
  /// Until the call fails with kDeadlineExceeded; none: what the operation usually needs at most.
  std::optional<std::chrono::milliseconds> limit{};
  /// Cancels the call, which then fails with kCancelled once it was cleaned up.
  std::stop_token stop{};
  api::ProgressSink on_progress{};
};

/// Where the stack's directories are, and its settings; what is not given comes from the
/// environment and the configuration file, as on the command line.
struct ClientOptions {
  std::optional<std::filesystem::path> state_dir{};
  std::optional<std::filesystem::path> cache_dir{};
  std::optional<std::filesystem::path> runtime_dir{};
  std::vector<std::string> settings{};  ///< like limits.max_active=2, for a stack it starts
};

/// The operations of pyro, by a stack that is started when it does not run. Thread-safe. Failures
/// are pyro::Error with the code of the refusal and one sentence.
class Client {
 public:
  explicit Client(const ClientOptions& options = {});
  /// By a stack client that others use as well.
  explicit Client(std::shared_ptr<StackClient> stack);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  /// Any operation of the doors, by its request.
  template <api::Operation Op>
  typename Op::Reply call(const Op& request, const CallOptions& options = {});

 private:
  std::shared_ptr<StackClient> stack_;
};

}  // namespace pyro
