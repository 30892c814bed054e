#pragma once

#include <asio/io_context.hpp>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/unique_fd.h"
#include "guest/agent/job.h"

namespace pyro::agent {

/// invalid_argument: the id cannot name a cgroup.
void check_cgroup_name(std::string_view field, const std::string& id);

/// All jobs by id: the running ones, and the last ended ones.
class JobTable {
 public:
  static constexpr std::size_t kEndedJobs = 256;

  /// `output_directory` keeps output too long for memory. With a `flusher`, a job ends once its
  /// writes are on the disks.
  JobTable(asio::io_context& io, Launcher& launcher, UniqueFd output_directory,
           files::Flusher* flusher = nullptr);

  /// Throws kAlreadyExists for a taken id.
  std::shared_ptr<Job> start(const api::agent::StartJob& request);
  /// Throws kNotFound.
  std::shared_ptr<Job> find(const std::string& id) const;
  void forget(const std::string& id);
  /// Kills what an ended job left running, and calls `done` with whether it is gone, or at once
  /// when there is nothing.
  void end_left(const std::string& id,
                const std::function<void(const api::agent::EndedLeft&)>& done);
  bool any_left() const { return launcher_.any_left(); }

 private:
  void remember_ended(const std::string& id);

  asio::io_context& io_;
  Launcher& launcher_;
  UniqueFd output_directory_;
  files::Flusher* flusher_;
  std::map<std::string, std::shared_ptr<Job>> jobs_;
  std::deque<std::string> ended_;
};

}  // namespace pyro::agent
