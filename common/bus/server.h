#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/api/dispatcher.h"
#include "common/api/msgpack_codec.h"
#include "common/api/stack.h"
#include "common/base/clock.h"
#include "common/base/files.h"
#include "common/bus/call.h"
#include "common/bus/context.h"
#include "common/bus/envelope.h"
#include "common/bus/socket_watch.h"
#include "common/process/work_pool.h"

namespace zmq {
class socket_t;
}

namespace pyro::bus {

/// One service on the bus: a ROUTER, and a handler per operation, run on a pool of threads.
/// The loop itself answers ping and cancel, and quiesce by default with a yes.
class Server {
 public:
  struct Options {
    std::string service;
    std::filesystem::path socket;
    std::size_t max_threads = 128;
    /// Makes the socket's directory again, when it has vanished with the socket. Empty: nothing.
    std::function<void()> make_directory{};
  };

  /// Takes the service's lock and binds. failed_precondition: another process serves this socket.
  Server(Context& context, Options options);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  /// Registers `service.handle(const Op&, Call&)` for every operation; a missing one does not
  /// compile.
  template <class Service, api::Operation... Ops>
  void serve(Service& service, api::Api<Ops...> operations) {
    dispatcher_.serve(operations, [&service](const auto& request, Call& call) {
      return api::to_msgpack(service.handle(request, call));
    });
  }

  template <api::Operation Op>
  void add(std::function<typename Op::Reply(const Op&, Call&)> handler) {
    dispatcher_.add<Op>([handler = std::move(handler)](const Op& request, Call& call) {
      return api::to_msgpack(handler(request, call));
    });
  }

  /// Gives ping the number of things that the service keeps alive. The loop calls it, so it must
  /// not wait.
  void set_holds(std::function<std::uint32_t()> holds) { holds_ = std::move(holds); }

  /// The same for those of them that are work under way.
  void set_running(std::function<std::uint32_t()> running) { running_ = std::move(running); }

  /// The same for the standby machines.
  void set_standby(std::function<std::uint32_t()> standby) { standby_ = std::move(standby); }

  /// Answers calls until `stop_fd` becomes readable; then cancels running calls and waits for them.
  void run(int stop_fd);

 private:
  using Dispatcher = api::Dispatcher<std::string, Call&>;
  struct OpenCall;
  /// A message from a worker to the loop; the last one closes the call.
  struct Outgoing {
    std::string peer;
    std::uint64_t id = 0;
    bool last = false;
    std::string bytes;
  };
  using OpenCalls = std::map<std::pair<std::string, std::uint64_t>, std::shared_ptr<OpenCall>>;

  void bind();
  /// Binds again when the socket has vanished; false: that failed.
  bool look_after_socket();
  void receive();
  void begin(const std::string& peer, Envelope envelope);
  void answer_ping(const std::string& peer, const Envelope& envelope);
  void execute(const std::shared_ptr<OpenCall>& open, const Dispatcher::Run& run);
  void post(Outgoing outgoing);
  void send_posted();
  /// False when the peer is gone.
  bool send(const std::string& peer, std::string_view bytes);
  void cancel(OpenCalls::iterator call);
  void cancel_all();
  void keep_alive();

  Options options_;
  Context& context_;
  std::unique_ptr<zmq::socket_t> router_;
  std::optional<SocketWatch> watch_;
  UniqueFd wake_;
  UniqueFd timer_;
  Dispatcher dispatcher_;
  std::function<std::uint32_t()> holds_;
  std::function<std::uint32_t()> running_;
  std::function<std::uint32_t()> standby_;
  OpenCalls open_;
  bool ticking_ = false;
  bool serving_ = false;
  std::atomic<bool> stopping_ = false;
  Clock::time_point last_call_ = Clock::now();
  std::mutex outbox_mutex_;
  std::vector<Outgoing> outbox_;
  std::unique_ptr<WorkPool> pool_;
};

}  // namespace pyro::bus
