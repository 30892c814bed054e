#pragma once

#include <filesystem>
#include <list>
#include <memory>
#include <string>

#include "common/base/unique_fd.h"
#include "guest/agent/children.h"
#include "guest/agent/job_limits.h"
#include "guest/agent/job_processes.h"

namespace pyro::agent {

/// A cgroup (v2) per job: a process cannot leave it by a new session or a double fork.
class CgroupLauncher : public Launcher {
 public:
  /// Makes `directory`, a cgroup for our use, and limits the jobs in it as far as its controllers
  /// are at hand.
  CgroupLauncher(Children& children, const std::filesystem::path& directory,
                 const JobLimits& limits = {});

  std::unique_ptr<JobProcesses> launch(const std::string& job_id, ShellCommand& command, int out_fd,
                                       int error_fd, ProcessEvents events) override;
  bool end_left(const std::string& job_id, std::function<void()> gone) override;
  void end_all() override;
  bool any_left() const override;

  /// Is told the number of each new cgroup, before the job in it begins.
  void on_group(std::function<void(std::uint64_t cgroup_id, const std::string& job_id)> told) {
    on_group_ = std::move(told);
  }

 private:
  class Group;
  struct Entry;

  void sweep();

  Children& children_;
  JobLimits limits_;
  std::function<void(std::uint64_t cgroup_id, const std::string& job_id)> on_group_;
  UniqueFd directory_;
  UniqueFd null_;
  std::list<std::shared_ptr<Entry>> entries_;  ///< until their cgroup is removed
};

}  // namespace pyro::agent
