#pragma once

#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>
#include <variant>

#include "common/base/error.h"

namespace pyro {

/// One operation at a time on a thing; a later one may interrupt the one under way instead of
/// waiting for it. Thread-safe; outlives its turns.
class Turns {
 public:
  /// The thing to oneself, with a stop token that also an interruption requests.
  class Turn {
   public:
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { turns_.end(); }

    const std::stop_token& stop() const { return stop_token_; }

    /// Runs `work`. When it was cut short by an interruption, it throws the error of that.
    template <class Work>
    decltype(auto) run(Work&& work) {
      try {
        return std::forward<Work>(work)();
      } catch (const Error&) {
        if (const auto interruption = turns_.interruption()) throw Error(*interruption);
        throw;
      }
    }

   private:
    friend class Turns;
    struct Forward {
      std::stop_source target;
      void operator()() noexcept { target.request_stop(); }
    };
    Turn(Turns& turns, const std::stop_source& source, const std::stop_token& caller)
        : turns_(turns), stop_token_(source.get_token()), forward_(caller, Forward{source}) {}
    Turns& turns_;
    std::stop_token stop_token_;
    std::stop_callback<Forward> forward_;
  };

  /// Waits for the operation that is under way, for those that wait already, and for those that
  /// interrupt.
  /// cancelled: the caller's stop came first.
  std::unique_ptr<Turn> begin(const std::stop_token& caller);
  /// Cancels the operation that is under way, whose caller hears `interruption`, and goes next.
  /// Without a `caller` the new one is not cancelled by its own: it must run to its end.
  std::unique_ptr<Turn> interrupt(Error interruption, const std::stop_token& caller = {});

  /// How many wait in line.
  std::size_t waiting();

 private:
  std::unique_ptr<Turn> start(const std::stop_token& caller);
  void end();
  /// The interruption of the operation under way.
  std::optional<Error> interruption();

  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool busy_ = false;
  int interrupting_ = 0;            ///< wait for their turn, before all others
  std::list<std::monostate> line_;  ///< the others that wait, in the order of their coming
  std::stop_source current_stop_;
  std::optional<Error> interruption_;
};

}  // namespace pyro
