#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "services/vm/boot/guest_host.h"
#include "services/vm/machine_record.h"
#include "services/vm/templates/standby_pool.h"
#include "services/vm/templates/template_builder.h"

namespace pyro::vm {

/// Works ahead in the background for machines like the last started one: makes a missing template,
/// then keeps standby machines. One thread.
class Warmer {
 public:
  struct Options {
    std::uint32_t standby_machines;
    std::chrono::seconds idle;  ///< standby machines end after this time without a start
  };
  Warmer(Options options, GuestHost& host, TemplateBuilder& builder, StandbyPool& standbys);
  Warmer(const Warmer&) = delete;
  Warmer& operator=(const Warmer&) = delete;
  /// Call it after a start: the next machine may be like this one.
  void started(const MachineRecord& record);
  /// Ends its work and all standby machines; the next start wakes it.
  void rest();

 private:
  void run(const std::stop_token& stop);
  void work_for(const MachineRecord& record, const std::stop_token& stop);
  Template ensure_template(Driver& driver, const MachineRecord& record, const std::string& key,
                           const Work& work);
  std::uint32_t wanted() const;
  void end_unwanted();

  Options options_;
  GuestHost& host_;
  TemplateBuilder& builder_;
  StandbyPool& standbys_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<MachineRecord> next_;
  bool working_ = false;
  std::stop_source work_stop_;
  Clock::time_point last_start_;  ///< this and the following members belong to the thread
  std::string failed_key_;        ///< of a template whose build failed
  Clock::time_point try_again_;
  std::jthread thread_;
};

}  // namespace pyro::vm
