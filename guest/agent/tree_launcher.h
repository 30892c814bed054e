#pragma once

#include <asio/io_context.hpp>
#include <memory>
#include <set>
#include <string>

#include "common/base/unique_fd.h"
#include "guest/agent/children.h"
#include "guest/agent/job_processes.h"

namespace pyro::agent {

/// Where no cgroup is ours (host mode): above each job stands a process of ours that orphans of
/// the job fall to (PR_SET_CHILD_SUBREAPER), so that its processes are just its descendants, found
/// in /proc. It ends with the last of them, and kills them when the agent dies. A job that kills
/// this process escapes: host mode keeps order, it does not confine.
class TreeLauncher : public Launcher {
 public:
  TreeLauncher(asio::io_context& io, Children& children);

  std::unique_ptr<JobProcesses> launch(const std::string& job_id, ShellCommand& command, int out_fd,
                                       int error_fd, ProcessEvents events) override;
  void end_all() override;

 private:
  class Tree;

  asio::io_context& io_;
  Children& children_;
  UniqueFd null_;
  std::set<pid_t> reapers_;
};

}  // namespace pyro::agent
