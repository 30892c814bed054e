#pragma once

#include <asio/io_context.hpp>
#include <map>
#include <memory>
#include <string>

#include "common/base/unique_fd.h"
#include "guest/agent/children.h"
#include "guest/agent/job_processes.h"

namespace pyro::agent {

/// Without a cgroup (host mode): a parent process of ours adopts each job's orphans
/// (PR_SET_CHILD_SUBREAPER), so that the job's processes are its descendants in /proc. It ends with
/// the last of them, and kills them when the agent dies. A job that kills it escapes: host mode
/// keeps order, but does not confine.
class TreeLauncher : public Launcher {
 public:
  TreeLauncher(asio::io_context& io, Children& children);

  std::unique_ptr<JobProcesses> launch(const std::string& job_id, ShellCommand& command, int out_fd,
                                       int error_fd, ProcessEvents events) override;
  bool end_left(const std::string& job_id, std::function<void()> gone) override;
  void end_all() override;
  bool any_left() const override { return !reapers_.empty(); }

 private:
  class Tree;

  asio::io_context& io_;
  Children& children_;
  UniqueFd null_;
  struct Reaping {
    std::string job_id;
    std::function<void()> gone;
  };
  std::map<pid_t, Reaping> reapers_;
};

}  // namespace pyro::agent
