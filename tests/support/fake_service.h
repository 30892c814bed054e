#pragma once

#include <sys/eventfd.h>

#include <concepts>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "common/api/field.h"
#include "common/base/error.h"
#include "common/base/unique_fd.h"
#include "common/bus/call.h"
#include "common/bus/context.h"
#include "common/bus/server.h"
#include "common/config/paths.h"

namespace pyro::testing {

/// Stands in for a neighbour of the service under test: binds its socket and answers the operations
/// of one or several Apis as the test says, on threads of this process.
///
///   FakeService<api::VolumesApi, api::MachineFilesApi> files(stack.paths(), "files");
///   files.on<api::CopyVolume>(api::TreeSize{.entry_count = 3});           // always this reply
///   files.on<api::BuildVolume>([](const api::BuildVolume& request) {      // or what a lambda
///   says;
///     return api::WorkspaceSeed{.seed_path = request.seed_path};          // it may throw an Error
///   });                                                                   // and take a bus::Call&
///   …
///   EXPECT_EQ(files.requests<api::CopyVolume>().size(), 1U);
///
/// An operation without an answer is refused: `the fake 'files' has no answer to
/// files.copy_volume`. An answer may be replaced at any time. Destroy it to have the neighbour go
/// away.
template <class... Apis>
class FakeService {
 public:
  FakeService(const Paths& paths, const std::string& name)
      : name_(name),
        stop_(::eventfd(0, EFD_CLOEXEC)),
        server_(context_, {.service = name, .socket = paths.bus_socket(name), .max_threads = 32}) {
    (server_.serve(*this, Apis{}), ...);
    thread_ = std::thread([this] { server_.run(stop_.get()); });
  }
  FakeService(const FakeService&) = delete;
  FakeService& operator=(const FakeService&) = delete;
  ~FakeService() {
    ::eventfd_write(stop_.get(), 1);
    thread_.join();
  }

  /// From here on `answer` is the reply to `Op`, or makes it: of the request, or of the request and
  /// the call.
  template <api::Operation Op, class Answer>
  void on(Answer answer) {
    const std::lock_guard lock(mutex_);
    slot<Op>().answer = [answer = std::move(answer)](const Op& request, bus::Call& call) {
      if constexpr (std::invocable<const Answer&, const Op&, bus::Call&>) {
        return typename Op::Reply(answer(request, call));
      } else if constexpr (std::invocable<const Answer&, const Op&>) {
        static_cast<void>(call);
        return typename Op::Reply(answer(request));
      } else {
        static_cast<void>(request);
        static_cast<void>(call);
        return typename Op::Reply(answer);
      }
    };
  }

  /// The requests that came so far, answered or not, in their order.
  template <api::Operation Op>
  std::vector<Op> requests() {
    const std::lock_guard lock(mutex_);
    return slot<Op>().requests;
  }

  /// For the bus.
  template <api::Operation Op>
  typename Op::Reply handle(const Op& request, bus::Call& call) {
    std::function<typename Op::Reply(const Op&, bus::Call&)> answer;
    {
      const std::lock_guard lock(mutex_);
      slot<Op>().requests.push_back(request);
      answer = slot<Op>().answer;
    }
    if (answer) return answer(request, call);
    throw internal_error("the fake '{}' has no answer to {}", name_, Op::kMethod.name);
  }

 private:
  template <class Op>
  struct Slot {
    std::function<typename Op::Reply(const Op&, bus::Call&)> answer;
    std::vector<Op> requests;
  };
  template <class Op, class... Ops>
  static consteval bool is_in(api::Api<Ops...>) {
    return (std::same_as<Op, Ops> || ...);
  }
  /// Under the mutex.
  template <class Op>
  Slot<Op>& slot() {
    static_assert((is_in<Op>(Apis{}) || ...), "the service has no such operation");
    auto& slot = slots_[Op::kMethod.name];
    if (!slot) slot = std::make_shared<Slot<Op>>();
    return *static_cast<Slot<Op>*>(slot.get());
  }

  std::string name_;
  std::mutex mutex_;
  std::map<std::string_view, std::shared_ptr<void>> slots_;
  UniqueFd stop_;
  bus::Context context_;
  bus::Server server_;
  std::thread thread_;
};

}  // namespace pyro::testing
