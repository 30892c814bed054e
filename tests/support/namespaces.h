#pragma once

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <exception>
#include <functional>
#include <string>
#include <thread>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/text.h"
#include "common/process/child_process.h"

namespace pyro::test {

inline void put_text(const char* file, const std::string& text) {
  const UniqueFd fd = open_file(file, O_WRONLY);
  if (::write(fd.get(), text.data(), text.size()) < 0) throw system_error(file);
}

/// A user namespace in which we are root, with those of `flags`. Before the process's first thread.
inline void enter_user_namespace(int flags) {
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  if (::unshare(CLONE_NEWUSER | flags) != 0) throw system_error("unshare");
  put_text("/proc/self/setgroups", "deny");
  put_text("/proc/self/uid_map", fmt::format("0 {} 1", uid));
  put_text("/proc/self/gid_map", fmt::format("0 {} 1", gid));
}

/// A network namespace, and what is done in it.
class NetworkNamespace {
 public:
  /// A new one, with its loopback interface up.
  NetworkNamespace() {
    std::thread([this] {
      if (::unshare(CLONE_NEWNET) != 0) throw system_error("unshare");
      fd_ = open_file("/proc/thread-self/ns/net", O_RDONLY);
    }).join();
    ip("link set lo up");
  }
  explicit NetworkNamespace(UniqueFd fd) : fd_(std::move(fd)) {}

  int fd() const { return fd_.get(); }
  /// For a line of ip(8).
  std::string path() const { return fmt::format("/proc/{}/fd/{}", ::getpid(), fd_.get()); }

  /// Runs `action` in a thread inside; sockets and programs that it makes belong to the namespace.
  void run(const std::function<void()>& action) const {
    std::exception_ptr failed;
    std::thread([&] {
      try {
        if (::setns(fd_.get(), CLONE_NEWNET) != 0) throw system_error("setns");
        action();
      } catch (...) {
        failed = std::current_exception();
      }
    }).join();
    if (failed) std::rethrow_exception(failed);
  }

  /// A line of ip(8), with `-6` or others at its start.
  void ip(const std::string& line) const {
    run([&] {
      Command command{.argv = {"ip"}};
      for (const auto& word : split(line, ' ')) command.argv.push_back(word);
      run_checked(command, Clock::now() + std::chrono::seconds(30), {});
    });
  }

 private:
  UniqueFd fd_;
};

}  // namespace pyro::test
