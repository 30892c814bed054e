#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/directory_lease/directory_lease.h"
#include "services/vm/shim_process.h"

namespace pyro::vm {

/// What this process holds of one machine beside its record. One operation at a time works on a
/// machine; deleting and stopping interrupt the one that does.
class LiveMachine {
 public:
  /// The machine to oneself, with a stop token that also an interruption requests.
  class Operation {
   public:
    const std::stop_token& stop() const { return stop_token_; }

    /// Runs `work`. Cut short by an interruption, it fails with what interrupted it.
    template <class Work>
    decltype(auto) run(Work&& work) {
      try {
        return std::forward<Work>(work)();
      } catch (const Error&) {
        if (const auto reason = interruption_->get()) throw unavailable("{}", *reason);
        throw;
      }
    }

   private:
    friend class LiveMachine;
    class Interruption {
     public:
      void set(std::string reason) {
        const std::lock_guard lock(mutex_);
        if (!reason_) reason_ = std::move(reason);
      }
      std::optional<std::string> get() const {
        const std::lock_guard lock(mutex_);
        return reason_;
      }

     private:
      mutable std::mutex mutex_;
      std::optional<std::string> reason_;
    };
    struct Forward {
      std::stop_source target;
      void operator()() noexcept { target.request_stop(); }
    };
    Operation(std::unique_lock<std::mutex> lock, const std::stop_source& source,
              std::shared_ptr<Interruption> interruption, const std::stop_token& caller)
        : lock_(std::move(lock)),
          stop_token_(source.get_token()),
          interruption_(std::move(interruption)),
          forward_(caller, Forward{source}) {}
    std::unique_lock<std::mutex> lock_;
    std::stop_token stop_token_;
    std::shared_ptr<Interruption> interruption_;
    std::stop_callback<Forward> forward_;
  };

  /// Waits for the operation that works on it now.
  std::unique_ptr<Operation> begin(const std::stop_token& caller);
  /// Cancels the operation that works on it now, whose caller hears `reason`, and waits for its
  /// end. The new operation itself is not cancelled by its caller: it must run to its end.
  std::unique_ptr<Operation> interrupt(std::string reason);

  /// Its shim, while it is started. Touched only within an operation.
  std::optional<ShimProcess> shim;
  /// Keep what it boots from while it exists.
  std::vector<DirectoryLease> leases;

 private:
  std::unique_ptr<Operation> start_operation(std::unique_lock<std::mutex> lock,
                                             const std::stop_token& caller);
  std::mutex operation_;
  std::mutex current_mutex_;
  std::stop_source current_stop_;
  std::shared_ptr<Operation::Interruption> current_interruption_;
};

/// All machines this process has touched, by id. Thread-safe.
class LiveMachines {
 public:
  std::shared_ptr<LiveMachine> get(const std::string& vm_id);
  void forget(const std::string& vm_id);

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<LiveMachine>> machines_;
};

}  // namespace pyro::vm
