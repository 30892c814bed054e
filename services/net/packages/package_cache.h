#pragma once

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "common/api/package_cache.h"
#include "common/base/files.h"
#include "common/bus/call.h"
#include "common/config/config.h"
#include "common/config/paths.h"
#include "common/process/child_process.h"
#include "services/net/packages/nginx_config.h"

namespace pyro::net {

/// The host's package cache: an nginx on a unix socket. The socket is ours and listens from the
/// start; the first connection that waits there starts nginx, also again after it ended. Where none
/// can be started, those who wait get an answer that says why.
class PackageCache {
 public:
  PackageCache(const Paths& paths, const Config& config);
  PackageCache(const PackageCache&) = delete;
  PackageCache& operator=(const PackageCache&) = delete;
  ~PackageCache();

  api::PackageCache handle(const api::DescribePackageCache& request, bus::Call& call);
  api::PrunedPackageCache handle(const api::PrunePackageCache& request, bus::Call& call);

 private:
  template <class Result>
  Result on_loop(const std::function<Result()>& action);
  NginxSettings settings() const;
  void wait_for_need();
  void start();
  void started();
  void wait_for_end();
  void ended();
  void end();
  void answer_those_who_wait(const std::string& why);
  void read_output();
  void follow_settings();

  const Paths& paths_;
  const Config& config_;
  std::optional<FileLock> lock_;  ///< of the directory
  std::filesystem::path directory_;
  asio::io_context loop_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{loop_.get_executor()};
  asio::posix::stream_descriptor listener_{loop_};
  asio::posix::stream_descriptor end_{loop_};
  asio::posix::stream_descriptor output_{loop_};
  asio::steady_timer settings_due_{loop_};
  std::optional<ChildProcess> nginx_;
  NginxSettings running_with_;
  std::string running_config_;
  std::string pending_;  ///< of its output, without the end of a line
  std::string last_words_;
  std::array<char, 4096> buffer_{};
  std::jthread thread_;
};

}  // namespace pyro::net
